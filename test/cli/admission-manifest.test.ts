import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { admissionManifest } from '../../src/cli/admission-manifest.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { site, type Site } from './support.ts';

const deploy = new URL('../../deploy/admission.yaml', import.meta.url);

interface Manifest {
  readonly webhooks: readonly {
    readonly clientConfig: { readonly url: string; readonly caBundle: string };
  }[];
}

async function listening(listen: string, more: readonly string[] = []): Promise<Site> {
  const made = await site();
  writeFileSync(
    join(made.folder, 'config.yaml'),
    [
      'admission:',
      `  listen: '${listen}'`,
      ...more,
      `daemon:`,
      `  stateDirectory: ${made.folder}/state`,
      '',
    ].join('\n'),
  );
  return made;
}

const ask = (made: Site, ...words: readonly string[]) =>
  made.run('admission', 'manifest', '--config', join(made.folder, 'config.yaml'), ...words);

describe('syncctl admission manifest', () => {
  it('prints deploy/admission.yaml with the defaults', () => {
    const { source } = settingsSchema.parse({});
    const value = admissionManifest({ source, host: '127.0.0.1', port: 9441, authority: 'CA_BUNDLE' });
    expect(value).toEqual(parse(readFileSync(deploy, 'utf8')));
  });

  it('makes a certificate once, whose key nobody else can read, and prints YAML that names it', async () => {
    const made = await listening('127.0.0.1:9441');
    const first = await ask(made);
    expect([first.code, first.err]).toEqual([0, expect.stringContaining('To undo: rm ')]);
    const { clientConfig } = (parse(first.out) as Manifest).webhooks[0] ?? {
      clientConfig: { url: '', caBundle: '' },
    };
    const pem = Buffer.from(clientConfig.caBundle, 'base64').toString('utf8');
    expect(pem).toBe(readFileSync(join(made.folder, 'state/admission.crt'), 'utf8'));
    expect(clientConfig.url).toBe('https://127.0.0.1:9441/admission');
    const certificate = new X509Certificate(pem);
    expect([certificate.checkIP('127.0.0.1'), certificate.checkIP('127.0.0.2')]).toEqual([
      '127.0.0.1',
      undefined,
    ]);
    expect(statSync(join(made.folder, 'state/admission.key')).mode & 0o777).toBe(0o600);
    const second = await ask(made);
    expect(second).toEqual({ code: 0, out: first.out, err: '' });
  });

  it('takes an address of IPv6 and a name, and needs one where the daemon listens everywhere', async () => {
    const six = await listening('[::1]:9441');
    expect((await ask(six)).out).toContain('url: https://[::1]:9441/admission');
    const all = await listening('0.0.0.0:9441');
    expect(await ask(all)).toMatchObject({ code: 64, err: expect.stringContaining('--host') as unknown });
    const named = await ask(all, '--host', 'control.example.net', '-o', 'json');
    expect((JSON.parse(named.out) as Manifest).webhooks[0]?.clientConfig.url).toBe(
      'https://control.example.net:9441/admission',
    );
    for (const word of ['a b', '-x', 'x,IP:1.2.3.4', '', '999.1.1.1'])
      expect((await ask(all, `--host=${word}`)).code).toBe(64);
  });

  it('is refused with one sentence where nothing listens, for another host, and for files that are no certificate', async () => {
    const off = await listening('off');
    expect(await ask(off)).toMatchObject({
      code: 78,
      err: expect.stringContaining('admission.listen') as unknown,
    });
    const made = await listening('0.0.0.0:9441');
    await ask(made, '--host', '10.0.0.5');
    const other = await ask(made, '--host', '10.0.0.6');
    expect([other.code, other.out, other.err]).toEqual([
      78,
      '',
      expect.stringMatching(/expected a certificate for 10\.0\.0\.6, got one for IP Address:10\.0\.0\.5/u),
    ]);
    writeFileSync(join(made.folder, 'state/admission.crt'), 'no certificate');
    expect(await ask(made, '--host', '10.0.0.5')).toMatchObject({
      code: 78,
      err: expect.stringContaining('in PEM') as unknown,
    });
  });

  it('makes no file that the settings name', async () => {
    const made = await site();
    const at = (name: string): string => join(made.folder, name);
    const named = await listening('127.0.0.1:9441', [
      `  certificate: ${at('tls.crt')}`,
      `  key: ${at('tls.key')}`,
    ]);
    expect(await ask(named)).toMatchObject({ code: 78, out: '' });
    expect(existsSync(at('tls.crt'))).toBe(false);
  });
});
