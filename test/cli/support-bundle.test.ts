import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHistory } from '../../src/compose/history.ts';
import { serveSocket } from '../../src/http/socket-server.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { fileRevision, settingsOf } from './history-site.ts';
import { bodyOf, everything, lived, ownKey } from './lived-site.ts';
import { demo, writeRegistry } from './registry-folder.ts';
import { site, type Site } from './support.ts';

describe('syncctl support-bundle', () => {
  const secret = 'pl4nted-s3cret';

  /** A site with a secret in every place that comes to mind. */
  async function planted(): Promise<Site> {
    const { made, state } = await lived();
    const services = {
      demo: { subdomain: 'demo', ip: `password=${secret}`, port: 80, public: true, apiToken: secret },
      other: { subdomain: 'x', ip: '100.64.0.9', port: `Bearer ${secret}xxxx`, public: false },
    };
    await writeRegistry(made.registry, {
      ...demo,
      services,
      cluster: { ...demo.cluster, 'their-token': secret },
    });
    await fileRevision(made, { pushes: { 'vinay-laptop': 'timeout' } });
    await ownKey(state);
    writeFileSync(join(state, 'key.pem'), `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n`);
    return made;
  }

  it('holds what a helper has to know, and no secret of any place', async () => {
    const made = await planted();
    const { daemon } = await settingsOf(made);
    const controller = new ControllerDouble();
    controller.state = status({
      standingReason: `Authorization: Basic ${secret}`,
      source: { ...status().source, location: made.registry },
    });
    const reader = await readHistory(daemon.stateDirectory);
    const history = { reader, noteEdits: () => Promise.resolve() };
    const served = Object.assign(controller, { history });
    const server = await serveSocket({ socket: daemon.socket, controller: served, version: '1.2.3' });
    const { code, err } = await made.run('support-bundle', 's.tar.gz').finally(() => server.close());
    await reader.close();
    expect([code, err]).toEqual([0, expect.stringContaining('look through it')]);
    const file = join(made.folder, 's.tar.gz');
    expect(statSync(file).mode & 0o077).toBe(0);
    const names = execFileSync('tar', ['-tzf', file]).toString();
    for (const name of [
      'about',
      'settings',
      'status',
      'health',
      'findings',
      'history',
      'pushes',
      'state',
      'missing',
    ])
      expect(names).toContain(`./${name}.json`);
    const text = everything(file);
    expect(text).not.toContain(secret);
    expect(text).not.toContain('PRIVATE KEY');
    for (const line of bodyOf(readFileSync(join(daemon.stateDirectory, 'identity/id_ed25519.1'), 'utf8')))
      expect(text).not.toContain(line);
    expect(text).toContain('service-registry/services.json/demo/ip');
    expect(text).toContain('no answer in 10 s');
    expect(JSON.parse(execFileSync('tar', ['-xzOf', file, './settings.json']).toString())).toMatchObject({
      history: { maxRevisions: 1000 },
    });
  });

  it('goes on without what cannot be gathered, and names it', async () => {
    const made = await site(demo);
    const { code, out } = await made.run('support-bundle', 's.tar.gz', '-o', 'json');
    expect(code).toBe(0);
    const { parts, missing } = JSON.parse(out) as { parts: string[]; missing: { part: string }[] };
    expect(parts).toContain('health.json');
    expect(missing.map(({ part }) => part)).toEqual(
      expect.arrayContaining(['status.json', 'history.json', 'pushes.json']),
    );
  });

  it('never writes over a file', async () => {
    const made = await site(demo);
    writeFileSync(join(made.folder, 's.tar.gz'), 'mine');
    expect((await made.run('support-bundle', 's.tar.gz')).code).toBe(75);
    expect(readFileSync(join(made.folder, 's.tar.gz'), 'utf8')).toBe('mine');
  });
});
