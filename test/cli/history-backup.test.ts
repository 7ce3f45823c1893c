import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { readHistory } from '../../src/compose/history.ts';
import { serveSocket } from '../../src/http/socket-server.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { acquireLock } from '../../src/lib/os-lock.ts';
import { openDatabase } from '../../src/store/database.ts';
import { durableCalls } from '../../src/store/calls.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { fileRevision, settingsOf } from './history-site.ts';
import { demo, writeRegistry } from './registry-folder.ts';
import { site, type Site } from './support.ts';

interface Lived {
  readonly made: Site;
  readonly state: string;
}

/** A site with a revision, an approval, pauses and a term. */
async function lived(): Promise<Lived> {
  const made = await site(demo);
  const state = (await settingsOf(made)).daemon.stateDirectory;
  await fileRevision(made);
  const db = openDatabase(join(state, 'durable.db'));
  const calls = durableCalls(db);
  calls.approve({ hash: 'abc', who: 'ada', why: 'x', at: 't' });
  calls.rememberTerm({ term: { clusterId: 'c', epoch: 7, writer: 'w' }, seqLimit: 5 });
  db.close();
  mkdirSync(join(state, 'objects'));
  for (const name of [
    'effective.json',
    'pauses.json',
    'last-good-1.json.previous',
    'objects/one.json',
    'lock',
  ])
    writeFileSync(join(state, name), name, { mode: 0o600 });
  // What a controller leaves beside its state.
  for (const name of ['lock', 'term.json.lock', 'history.db.damaged-20260101T000000Z'])
    writeFileSync(join(state, name), '');
  return { made, state };
}

const approvals = (state: string): unknown => {
  const db = new DatabaseSync(join(state, 'durable.db'), { readOnly: true });
  const hashes = durableCalls(db)
    .approvals()
    .map(({ hash }) => hash);
  db.close();
  return hashes;
};

describe('syncctl backup and restore', () => {
  it('save everything but locks and journals in a file of their owner, and bring every byte back', async () => {
    const { made, state } = await lived();
    const { code, err } = await made.run('backup', 'b.tar.gz');
    expect([code, err]).toEqual([0, expect.stringContaining('To bring it back: syncctl restore')]);
    const file = join(made.folder, 'b.tar.gz');
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(execFileSync('tar', ['-tzf', file]).toString()).not.toMatch(/lock|damaged|-wal|-shm/u);
    expect(readdirSync(made.folder).filter((name) => name.startsWith('.syncctl'))).toEqual([]);
    writeFileSync(join(state, 'effective.json'), 'spoilt');
    const db = openDatabase(join(state, 'durable.db'));
    durableCalls(db).unapprove('abc');
    db.close();
    writeFileSync(join(state, 'history.db'), 'damaged');
    const restored = await made.run('restore', 'b.tar.gz', '--yes');
    expect([restored.code, restored.err]).toEqual([0, expect.stringContaining('start the daemon')]);
    expect(approvals(state)).toEqual(['abc']);
    for (const name of ['effective.json', 'pauses.json', 'last-good-1.json.previous', 'objects/one.json'])
      expect([
        name,
        readFileSync(join(state, name), 'utf8'),
        statSync(join(state, name)).mode & 0o777,
      ]).toEqual([name, name, 0o600]);
    expect((await made.run('history')).out).toContain('the first one kept');
    expect((await fileRevision(made)).services.size).toBe(2);
  });

  it('keep the state of before aside, and the printed undo brings it back', async () => {
    const { made, state } = await lived();
    await made.run('backup', 'b.tar.gz');
    writeFileSync(join(state, 'effective.json'), 'later');
    writeFileSync(join(state, 'durable.db'), 'damaged, but the only one');
    const { undo } = JSON.parse((await made.run('restore', 'b.tar.gz', '--yes', '-o', 'json')).out) as {
      undo: string;
    };
    expect(readFileSync(join(state, 'effective.json'), 'utf8')).toBe('effective.json');
    expect((await made.run(...undo.split(' ').slice(1), '--yes')).code).toBe(0);
    expect(readFileSync(join(state, 'effective.json'), 'utf8')).toBe('later');
    expect(readFileSync(join(state, 'durable.db'), 'utf8')).toBe('damaged, but the only one');
  });

  it('work while another process writes: the copies are whole', async () => {
    const { made, state } = await lived();
    const db = openDatabase(join(state, 'durable.db'));
    db.exec("BEGIN IMMEDIATE; INSERT INTO approvals VALUES ('half', 'x', 'x', 'x')");
    expect((await made.run('backup', 'b.tar.gz')).code).toBe(0);
    db.exec('COMMIT');
    db.close();
    expect((await made.run('restore', 'b.tar.gz', '--yes')).code).toBe(0);
    expect(approvals(state)).toEqual(['abc']);
  });

  it('refuse while a controller runs, and name it', async () => {
    const { made, state } = await lived();
    await made.run('backup', 'b.tar.gz');
    using _lock = await acquireLock({
      path: join(state, 'lock'),
      holder: 'syncctl daemon (pid 4711)',
      waitMs: 0,
      clock: systemClock,
    });
    writeFileSync(join(state, 'effective.json'), 'later');
    expect(await made.run('restore', 'b.tar.gz', '--yes')).toMatchObject({
      code: 75,
      err: expect.stringMatching(/syncctl daemon \(pid 4711\).*systemctl stop sync-controller/u),
    });
    expect(readFileSync(join(state, 'effective.json'), 'utf8')).toBe('later');
    expect((await made.run('backup', 'c.tar.gz')).code).toBe(0);
  });

  it('ask first, and change nothing in a dry run', async () => {
    const { made, state } = await lived();
    await made.run('backup', 'b.tar.gz');
    writeFileSync(join(state, 'effective.json'), 'later');
    expect((await made.run('restore', 'b.tar.gz')).code).toBe(64);
    expect(await made.run('restore', 'b.tar.gz', '--dry-run')).toMatchObject({
      code: 0,
      err: expect.stringContaining('is sound'),
    });
    expect(readFileSync(join(state, 'effective.json'), 'utf8')).toBe('later');
    expect(readdirSync(state).filter((name) => name.includes('restore'))).toEqual([]);
  });

  it('never write over a file, and name what is no backup', async () => {
    const { made } = await lived();
    await made.run('backup', 'b.tar.gz');
    expect((await made.run('backup', 'b.tar.gz')).code).toBe(75);
    expect((await made.run('backup', 'nowhere/b.tar.gz')).code).toBe(77);
    expect((await made.run('restore', 'nowhere.tar.gz', '--yes')).code).toBe(66);
    writeFileSync(join(made.folder, 'text.tar.gz'), 'no archive');
    expect((await made.run('restore', 'text.tar.gz', '--yes')).code).toBe(65);
  });

  /** The backup with something changed inside. */
  function altered(made: Site, change: (folder: string) => void): void {
    const folder = join(made.folder, 'unpacked');
    mkdirSync(folder);
    execFileSync('tar', ['-xzf', join(made.folder, 'b.tar.gz'), '-C', folder]);
    change(folder);
    execFileSync('tar', ['-czf', join(made.folder, 'altered.tar.gz'), '-C', folder, '.']);
  }

  it.each([
    [
      'a changed file',
      (folder: string) => writeFileSync(join(folder, 'state/pauses.json'), '[]'),
      'another pauses.json than was saved',
    ],
    [
      'a missing file',
      (folder: string) => execFileSync('rm', [join(folder, 'state/effective.json')]),
      'one without effective.json',
    ],
    [
      'one file more',
      (folder: string) => writeFileSync(join(folder, 'state/more'), ''),
      'its manifest does not name: more',
    ],
    [
      'a link in it',
      (folder: string) => execFileSync('ln', ['-s', '/etc/passwd', join(folder, 'state/link')]),
      'link (no plain file)',
    ],
    [
      'no manifest',
      (folder: string) => execFileSync('rm', [join(folder, 'manifest.json')]),
      'no manifest that can be read',
    ],
    [
      'a path out of the state directory',
      (folder: string) => {
        const file = join(folder, 'manifest.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"effective.json"', '"../effective.json"'));
      },
      'no manifest that can be read',
    ],
  ])('refuse a backup with %s before anything is touched', async (_what, change, told) => {
    const { made, state } = await lived();
    await made.run('backup', 'b.tar.gz');
    altered(made, change);
    writeFileSync(join(state, 'effective.json'), 'later');
    expect(await made.run('restore', 'altered.tar.gz', '--yes')).toMatchObject({
      code: 65,
      err: expect.stringContaining(told),
    });
    expect(readFileSync(join(state, 'effective.json'), 'utf8')).toBe('later');
    expect(readdirSync(state).filter((name) => name.includes('restore'))).toEqual([]);
  });

  it('refuse to save a damaged database as if it were sound', async () => {
    const { made, state } = await lived();
    writeFileSync(join(state, 'durable.db'), 'x'.repeat(9_000));
    expect(await made.run('backup', 'b.tar.gz')).toMatchObject({
      code: 65,
      err: expect.stringContaining('durable.db'),
    });
    expect(existsSync(join(made.folder, 'b.tar.gz'))).toBe(false);
  });
});

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
    writeFileSync(join(state, 'key.pem'), `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n`);
    return made;
  }

  const everything = (file: string): string => execFileSync('tar', ['-xzOf', file]).toString();

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
