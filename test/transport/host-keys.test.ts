import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  isPinned,
  keyLine,
  offerFor,
  parseHostKey,
  readPins,
} from '../../src/transport/host-keys.ts';
import type { HostKey } from '../../src/transport/host-keys.ts';
import { ed25519Key, hostKeySet } from '../fleet/keys.ts';
import { mustRun } from '../fleet/process.ts';

function parsed(line: string): HostKey {
  const key = parseHostKey(line);
  if (key === undefined) throw new Error(`not a key: ${line}`);
  return key;
}

describe('host keys', () => {
  it('have the fingerprint that ssh-keygen prints, for every type', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prints-'));
    for (const key of await hostKeySet('node')) {
      const file = join(folder, 'key.pub');
      writeFileSync(file, `${key.publicLine}\n`);
      expect(await mustRun(['ssh-keygen', '-lf', file])).toContain(` ${fingerprintOf(key.publicLine)} `);
      expect(fingerprintOf(parsed(key.publicLine).blob)).toBe(fingerprintOf(key.publicLine));
    }
    rmSync(folder, { recursive: true });
  });

  it('survive being read and written', () => {
    const line = ed25519Key('c').publicLine;
    expect(keyLine(parsed(line).blob)).toBe(line.split(' ').slice(0, 2).join(' '));
  });

  it.each(['', 'ssh-ed25519', 'ssh-ed25519 %%%', 'ssh-dss AAAA', 'constructor AAAA', '__proto__ AAAA'])(
    'are not read from %j',
    (line) => {
      expect(parseHostKey(line)).toBeUndefined();
    },
  );

  it('are not read where the bytes name another type', () => {
    const [, base64 = ''] = ed25519Key('c').publicLine.split(' ');
    expect(parseHostKey(`ssh-rsa ${base64}`)).toBeUndefined();
  });

  it('are never read from random text, and reading never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.base64String(), (text, base64) => {
        parseHostKey(text);
        expect(parseHostKey(`ssh-ed25519 ${base64}`)?.type ?? 'ssh-ed25519').toBe('ssh-ed25519');
      }),
    );
  });

  it('are offered in an order that begins with the pinned types and never holds SHA-1', async () => {
    const [, , rsa] = await hostKeySet('node');
    expect(offerFor(readPins([{ key: rsa?.publicLine ?? '' }])).slice(0, 3)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
    expect(offerFor([])).not.toContain('ssh-rsa');
    expect(offerFor([])[0]).toBe('ssh-ed25519');
  });

  it('match a pin only when every byte does', () => {
    const key = parsed(ed25519Key('c').publicLine);
    const altered = Buffer.from(key.blob);
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    expect(isPinned(key.blob, [key])).toBe(true);
    expect(isPinned(altered, [key])).toBe(false);
    expect(isPinned(key.blob, [])).toBe(false);
  });
});
