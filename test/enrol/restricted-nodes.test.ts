import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dropKey, keyPath, keysIn, makeKey } from '../../src/enrol/key-files.ts';
import { noteRestricted, restrictedIdentities, restrictedNodes } from '../../src/enrol/restricted-nodes.ts';
import { encodeRestrict } from '../../src/enrol/restrict-wire.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { nodeId } from '../../src/model/node.ts';

const [one, two] = [nodeId('vps_nodes', '10.0.0.1'), nodeId('vps_nodes', '10.0.0.2')];
const entry = (generation: number) => ({
  generation,
  old: [],
  login: 'sammy',
  since: '2026-01-01T00:00:00Z',
});

describe('the keys of restricted nodes', () => {
  let state: string;
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'identity-'));
  });
  afterEach(() => {
    rmSync(state, { recursive: true });
  });

  it('are tried first where a node was proved to take them, and nowhere else; a running process sees the change', async () => {
    const identities = restrictedIdentities(state);
    expect(identities(one)).toEqual([]);
    await noteRestricted(state, one, entry(1));
    expect([identities(one), identities(two)]).toEqual([[keyPath(state, 1)], []]);
    await noteRestricted(state, one, entry(2));
    expect(identities(one)).toEqual([keyPath(state, 2)]);
    await noteRestricted(state, one, undefined);
    expect(identities(one)).toEqual([]);
  });

  it('are all tried, the newest first, where the list is damaged, which is told', async () => {
    await makeKey(state, 1, systemRandom);
    await makeKey(state, 2, systemRandom);
    writeFileSync(join(state, 'identity/nodes.json'), '{"version":1,');
    expect(restrictedIdentities(state)(two)).toEqual([keyPath(state, 2), keyPath(state, 1)]);
    expect(() => restrictedNodes(state)).toThrow(/nodes\.json: expected the list of restricted nodes/u);
  });

  it('are for us alone, and leave nothing behind', async () => {
    const made = await makeKey(state, 1, systemRandom);
    expect(statSync(made.path).mode & 0o777).toBe(0o600);
    expect(made.fingerprint).toMatch(/^SHA256:/u);
    expect(await keysIn(state)).toEqual([made]);
    await dropKey(state, 1);
    expect(readdirSync(join(state, 'identity'))).toEqual([]);
  });

  it('travel as public keys in one line of strict tokens, or not at all', () => {
    const script = Buffer.from('exit\n');
    const request = {
      action: 'grant',
      parts: ['rule', 'key'],
      cluster: 'sc-01234567',
      login: 'sammy',
    } as const;
    const bytes = encodeRestrict(script, 'abcdef0123456789', { ...request, key: 'AAAA+/=' }).toString();
    expect(bytes).toBe('exit\nSCK1 abcdef0123456789 grant rule.key sc-01234567 sammy AAAA+/= -\n');
    expect(() => encodeRestrict(script, 'n', { ...request, login: 'a b' })).toThrow(/login: expected/u);
    expect(() => encodeRestrict(script, 'n', { ...request, key: 'x; id' })).toThrow(
      /token of restrict-key.sh: expected/u,
    );
  });
});
