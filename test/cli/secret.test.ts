import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import { loadSettings } from '../../src/config/load.ts';
import { Keyring } from '../../src/registry/sealed/keyring.ts';
import { testIdentity } from '../registry/sealed/ring.ts';
import { demo, demoServices, type RegistryContent } from './registry-folder.ts';
import { folderSource, site, type Site } from './support.ts';

const opening = (...files: readonly string[]): Partial<CliContext> => ({
  loadSettings: (given) => loadSettings({ ...given, flags: { ...given.flags, 'secrets.identity': files } }),
});
const typing = (text: string | Buffer): Partial<CliContext> => ({
  input: () => Promise.resolve(Buffer.from(text)),
});
const withIp = (ip: string): RegistryContent => ({
  ...demo,
  services: { ...demoServices, demo: { ...demoServices.demo, ip } },
});
const servicesOf = (made: Site): Promise<string> =>
  readFile(join(made.registry, 'service-registry.yaml'), 'utf8');

describe('syncctl secret', () => {
  it('keygen writes a file for its owner alone, never over another one, and prints what is public', async () => {
    const made = await site(demo);
    const { code, out, err } = await made.run('secret', 'keygen', 'own.age');
    expect([code, out]).toEqual([0, expect.stringMatching(/^age1\w+\n$/u)]);
    const file = join(made.folder, 'own.age');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(
      /^# created: .*\n# public key: age1\w+\nAGE-SECRET-KEY-1\w+\n$/u,
    );
    expect(out + err).not.toContain('AGE-SECRET-KEY');
    expect((await made.run('secret', 'keygen', 'own.age')).code).not.toBe(0);
  });

  it('encrypt and decrypt take the value from standard input and give it back, without the end of its line', async () => {
    const { file } = await testIdentity();
    const value = 'Grüße "aus" {{der}} Ferne';
    const { out } = await (
      await site(demo, { ...opening(file), ...typing(`${value}\n`) })
    ).run('secret', 'encrypt');
    for (const given of [out, `"${out.trim()}"\r\n`]) {
      const back = await (await site(demo, { ...opening(file), ...typing(given) })).run('secret', 'decrypt');
      expect([back.code, back.out]).toEqual([0, `${value}\n`]);
    }
  });

  it.each([
    ['nothing', ['secret', 'encrypt'], '', 'got nothing'],
    ['an empty line', ['secret', 'encrypt'], '\n', 'got nothing'],
    ['too much', ['secret', 'encrypt'], 'x'.repeat(4_097), 'got more'],
    ['bytes that are no text', ['secret', 'encrypt'], Buffer.from([255, 254]), 'expected UTF-8'],
    ['a recipient that is none', ['secret', 'encrypt', '--recipient', 'age1x'], 'x', '--recipient: expected'],
    ['no sealed value', ['secret', 'decrypt'], 'hello', 'expected age: at its beginning'],
  ])('refuses %s in one sentence', async (_, words, input, sentence) => {
    const { file } = await testIdentity();
    const { code, out, err } = await (await site(demo, { ...opening(file), ...typing(input) })).run(...words);
    expect([code === 0, out, err.trim().split('\n').length]).toEqual([false, '', 1]);
    expect(err).toContain(sentence);
  });

  it('says what is missing where nobody is named to seal to', async () => {
    const { code, err } = await (await site(demo, typing('x'))).run('secret', 'encrypt');
    expect([code, err]).toEqual([78, expect.stringContaining('set secrets.recipients or secrets.identity')]);
  });

  it('check names every sealed value, also in fields nobody reads, and which of them stays closed', async () => {
    const [own, other] = [await testIdentity(), await testIdentity()];
    const content = {
      ...withIp(await own.seal('100.76.150.207')),
      domains: { domains: {}, vps_nodes: [], note: [await other.seal('x')] },
    };
    const { code, out } = await (await site(content, opening(own.file))).run('secret', 'check', '-o', 'json');
    expect(code).toBe(65);
    expect(JSON.parse(out)).toMatchObject({
      values: expect.arrayContaining([
        { path: 'service-registry/services.json/demo/ip', opens: true, reason: null },
        {
          path: 'domain-registry/domains.json/note/0',
          opens: false,
          reason: 'none of 1 identities opens it',
        },
      ]) as unknown,
    });
  });

  it('rotate seals anew what opens, leaves every other byte, and says what does not open', async () => {
    const [old, next, other] = [await testIdentity(), await testIdentity(), await testIdentity()];
    const envelope = await old.seal('100.76.150.207');
    const foreign = await other.seal('x');
    const content = { ...withIp(envelope), cluster: { 'cluster-domain': foreign, note: envelope } };
    const made = await site(content, opening(old.file));
    const before = await servicesOf(made);
    const ran = await made.run(
      'secret',
      'rotate',
      '--recipient',
      next.recipient,
      '--reason',
      'x',
      '-o',
      'json',
    );
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([
      1,
      { rotated: ['service-registry/services.json/demo/ip'], closed: ['cluster-info/cluster-domain'] },
    ]);
    expect(ran.err).toContain(`To undo: syncctl secret rotate --recipient ${old.recipient}`);
    const after = await servicesOf(made);
    const [sealed = ''] = /age:[\w+/=]+/u.exec(after) ?? [];
    expect(after.replace(sealed, envelope)).toBe(before);
    const ring = new Keyring([next.file]);
    await ring.refresh();
    expect(await ring.open(sealed)).toEqual({ ok: true, plain: '100.76.150.207' });
  });

  it('rotate takes up what somebody seals at the same moment', async () => {
    const [old, next] = [await testIdentity(), await testIdentity()];
    const late = await old.seal('100.76.150.99');
    let pending = true;
    const made = await site(withIp(await old.seal('100.76.150.207')), {
      ...opening(old.file),
      openSource: folderSource((real) => ({
        edit: async (object, key, edit) => {
          const path = join(made.registry, 'service-registry.yaml');
          if (pending) await writeFile(path, (await readFile(path, 'utf8')).replace('100.76.150.201', late));
          pending = false;
          return real.edit(object, key, edit);
        },
      })),
    });
    const { code, out } = await made.run('secret', 'rotate', '--recipient', next.recipient, '-o', 'json');
    expect([code, (JSON.parse(out) as { rotated: string[] }).rotated]).toEqual([
      0,
      ['service-registry/services.json/demo/ip', 'service-registry/services.json/grafana/ip'],
    ]);
    expect(await servicesOf(made)).not.toContain(late);
  });

  it('rotate with --dry-run names the places and writes nothing', async () => {
    const { file, seal } = await testIdentity();
    const made = await site(withIp(await seal('100.76.150.207')), opening(file));
    const before = await servicesOf(made);
    const { code, out } = await made.run('secret', 'rotate', '--dry-run', '-o', 'json');
    expect([code, JSON.parse(out)]).toMatchObject([0, { dryRun: true, rotated: [expect.any(String)] }]);
    expect(await servicesOf(made)).toBe(before);
  });
});

describe('a command that edits registries with sealed values', () => {
  it('leaves them sealed, and refuses to write in plain what is sealed elsewhere', async () => {
    const { file, seal } = await testIdentity();
    const [ip, domain] = [await seal('100.76.150.207'), await seal('hidden-domain.example')];
    const content = { ...withIp(ip), cluster: { 'cluster-domain': 'minicloud', 'public-domain': domain } };
    const made = await site({ ...content, routing: {} }, opening(file));
    const published = await made.run('service', 'publish', 'grafana', '--yes');
    expect([published.code, published.err]).toEqual([0, expect.not.stringContaining('hidden-domain')]);
    expect(await servicesOf(made)).toContain(ip);
    // The first route writes where everything is served now, and that is sealed.
    const routed = await made.run('domain', 'route', 'demo', 'curiios.com', '--vps', 'contabo-vps', '--yes');
    expect([routed.code, routed.err]).toEqual([
      75,
      expect.stringContaining('got it in plain; nothing was written'),
    ]);
    expect(routed.err).not.toContain('hidden-domain');
  });
});
