import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loggerOver, silentLogger } from '../../src/lib/logger.ts';
import { nodeId } from '../../src/model/node.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openDurable, required, type Durable } from '../../src/store/durable.ts';
import type { Approval, Tombstone } from '../../src/store/records.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder: string;
let path: string;
const opened: Durable[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'durable-'));
  path = join(folder, 'state', 'durable.db');
});
afterEach(async () => {
  for (const durable of opened.splice(0)) await durable.close();
  rmSync(folder, { recursive: true });
});

async function open(log = silentLogger): Promise<Durable> {
  const durable = await openDurable({ path, clock: new ManualClock(), log });
  opened.push(durable);
  return durable;
}

const approval = (n: number): Approval => ({
  hash: `hash${n}`,
  who: 'ada',
  why: undefined,
  at: `2026-01-01T00:00:0${n}Z`,
});
const stone: Tombstone = {
  node: nodeId('vps_nodes', '100.64.0.1'),
  address: '100.64.0.1',
  row: '{"ip":"100.64.0.1"}',
  pins: ['ssh-ed25519 AAAA'],
  targets: ['hosts'],
  at: '2026-01-01T00:00:00Z',
  state: 'pending',
};

describe('durable.db', () => {
  it('creates its folder and files for their owner alone', async () => {
    const durable = await open();
    required(await durable.ask('approve', approval(1)), 'test');
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, 'state')))
      expect([name, statSync(join(folder, 'state', name)).mode & 0o077]).toEqual([name, 0]);
  });

  it('runs in WAL with full syncs', async () => {
    const durable = await open();
    await durable.ask('approve', approval(1));
    expect(readdirSync(join(folder, 'state'))).toContain('durable.db-wal');
    const db = openDatabase(path);
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect([pragma('journal_mode'), pragma('synchronous')]).toEqual(['wal', 2]);
    db.close();
  });

  it('keeps everything over a restart', async () => {
    const first = await open();
    await first.ask('approve', approval(1));
    await first.ask('pause', { scope: 'all', who: 'ada', why: 'move', since: 's', expires: undefined });
    await first.ask('audit', { at: 't', who: 'ada', why: undefined, action: 'pause', detail: 'all' });
    await first.ask('bury', stone);
    await first.ask('rememberTargets', [
      {
        node: stone.node,
        kind: 'hosts',
        memory: { accepted: { epoch: 7, writer: 'w' }, installed: undefined, rungs: ['digest'] },
      },
    ]);
    await first.ask('rememberTerm', { term: { clusterId: 'c', epoch: 7, writer: 'w' }, seqLimit: 1000 });
    await first.close();
    const second = await open();
    expect(await second.ask('approvals')).toEqual({ available: true, value: [approval(1)] });
    expect(await second.ask('pauses')).toEqual({
      available: true,
      value: [{ scope: 'all', who: 'ada', why: 'move', since: 's', expires: undefined }],
    });
    expect(required(await second.ask('audits', 10), 'test')).toEqual([
      { at: 't', who: 'ada', why: undefined, action: 'pause', detail: 'all' },
    ]);
    expect(required(await second.ask('tombstones'), 'test')).toEqual([stone]);
    expect(required(await second.ask('targets'), 'test')).toEqual([
      {
        node: stone.node,
        kind: 'hosts',
        memory: { accepted: { epoch: 7, writer: 'w' }, installed: undefined, rungs: ['digest'] },
      },
    ]);
    expect(required(await second.ask('recallTerm'), 'test')).toEqual({
      term: { clusterId: 'c', epoch: 7, writer: 'w' },
      seqLimit: 1000,
    });
  });

  it('recalls the last written term of several clusters', async () => {
    const durable = await open();
    expect(required(await durable.ask('recallTerm'), 'test')).toBeUndefined();
    for (const [clusterId, epoch] of [
      ['a', 9],
      ['b', 2],
      ['a', 10],
      ['b', 3],
    ] as const) {
      await durable.ask('rememberTerm', { term: { clusterId, epoch, writer: 'w' }, seqLimit: 1 });
    }
    expect(required(await durable.ask('recallTerm'), 'test')?.term).toMatchObject({
      clusterId: 'b',
      epoch: 3,
    });
  });

  it('settles and drops tombstones', async () => {
    const durable = await open();
    await durable.ask('bury', stone);
    expect(required(await durable.ask('settleTombstone', stone.node, 'withdrawn'), 'test')).toBe(true);
    expect(
      required(await durable.ask('settleTombstone', nodeId('vps_nodes', 'x'), 'withdrawn'), 'test'),
    ).toBe(false);
    expect(required(await durable.ask('tombstones'), 'test')[0]?.state).toBe('withdrawn');
    await durable.ask('dropTombstone', stone.node);
    expect(required(await durable.ask('tombstones'), 'test')).toEqual([]);
  });

  it('takes any text as a value, never as SQL', async () => {
    const durable = await open();
    const nasty = `'); DROP TABLE approvals; --\u0000\u{1f600}`;
    await durable.ask('approve', { hash: nasty, who: nasty, why: nasty, at: 'x' });
    expect(required(await durable.ask('approvals'), 'test')).toEqual([
      { hash: nasty, who: nasty, why: nasty, at: 'x' },
    ]);
  });

  it('loses nothing acknowledged to kill -9', async () => {
    const script = `
      import { openDurable } from '${join(import.meta.dirname, '../../src/store/durable.ts')}';
      import { systemClock } from '${join(import.meta.dirname, '../../src/lib/clock.ts')}';
      import { silentLogger } from '${join(import.meta.dirname, '../../src/lib/logger.ts')}';
      const durable = await openDurable({ path: ${JSON.stringify(path)}, clock: systemClock, log: silentLogger });
      for (let n = 0; ; n += 1) {
        await durable.ask('approve', { hash: String(n), who: 'x', why: undefined, at: 'x' });
        process.stdout.write(n + '\\n');
      }`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = '';
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged += chunk.toString();
      if (acknowledged.includes('\n25\n')) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const last = Number(acknowledged.trim().split('\n').at(-1));
    const hashes = required(await (await open()).ask('approvals'), 'test').map(({ hash }) => Number(hash));
    expect(last).toBeGreaterThanOrEqual(25);
    expect(Array.from({ length: last + 1 }, (_, n) => n).filter((n) => !hashes.includes(n))).toEqual([]);
  });

  it('lets the process end while it is open and idle', () => {
    const script = `
      import { openDurable } from '${join(import.meta.dirname, '../../src/store/durable.ts')}';
      import { systemClock } from '${join(import.meta.dirname, '../../src/lib/clock.ts')}';
      import { silentLogger } from '${join(import.meta.dirname, '../../src/lib/logger.ts')}';
      const durable = await openDurable({ path: ${JSON.stringify(path)}, clock: systemClock, log: silentLogger });
      await durable.ask('approvals');
      console.log('end');`;
    const output = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      timeout: 30_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(output.toString()).toBe('end\n');
  });
});

describe('a damaged durable.db', () => {
  async function filled(): Promise<void> {
    const durable = await open();
    for (let n = 0; n < 500; n += 1)
      await durable.ask('approve', { hash: `h${n}`.repeat(20), who: 'x', why: undefined, at: 'x' });
    await durable.close();
  }

  const scribble = (at: number, bytes: number): void => {
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(bytes, 0xa5), 0, bytes, at);
  };

  it.each([
    ['an overwritten header', () => scribble(0, 100)],
    ['an overwritten page', () => scribble(4096, 4096)],
    ['a cut-off end', () => truncateSync(path, statSync(path).size - 10_000)],
    ['another kind of file', () => writeFileSync(path, 'not a database at all, '.repeat(100))],
  ])('(%s) is moved aside, its features stop, nothing is deleted', async (_what, damage) => {
    await filled();
    damage();
    const bytes = readFileSync(path);
    const lines: string[] = [];
    const durable = await open(loggerOver((level, message) => lines.push(`${level} ${message}`)));
    const state = durable.state();
    expect(state).toMatchObject({ available: false });
    expect(await durable.ask('approvals')).toEqual(state);
    expect(() => required({ ...state } as never, 'node remove')).toThrow(
      /node remove: expected durable.db, got .*; restore a backup as/u,
    );
    const aside = readdirSync(join(folder, 'state')).filter((name) => /\.damaged-\d{8}T\d{6}Z$/u.test(name));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(folder, 'state', aside[0]!))).toEqual(bytes);
    expect(lines).toEqual([expect.stringContaining('error durable.db is not available')]);
  });

  it('stays unavailable over restarts until a person decides', async () => {
    await filled();
    scribble(0, 100);
    await open();
    expect((await open()).state()).toMatchObject({
      available: false,
      remedy: expect.stringContaining('restore a backup'),
    });
    expect(existsSync(path)).toBe(false);
    for (const name of readdirSync(join(folder, 'state'))) rmSync(join(folder, 'state', name));
    expect((await open()).state()).toEqual({ available: true });
  });

  it('comes back from a backup put in its place', async () => {
    await filled();
    copyFileSync(path, join(folder, 'backup'));
    scribble(0, 100);
    await open();
    copyFileSync(join(folder, 'backup'), path);
    const durable = await open();
    expect(required(await durable.ask('approvals'), 'test')).toHaveLength(500);
  });

  it('found while running stops its features and nothing else', async () => {
    const durable = await open();
    for (let n = 0; n < 200; n += 1)
      await durable.ask('approve', { hash: `h${n}`.repeat(50), who: 'x', why: undefined, at: 'x' });
    // Somebody breaks the catalogue of tables: the worker's next look meets the damage.
    const other = new DatabaseSync(path, { defensive: false });
    other.exec(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'approvals'; PRAGMA schema_version = 99",
    );
    other.close();
    const answers = await Promise.all([
      durable.ask('approvals'),
      durable.ask('approvals'),
      durable.ask('pauses'),
    ]);
    expect(answers.map(({ available }) => available)).toEqual([false, false, false]);
    expect(durable.state()).toMatchObject({ available: false });
    expect(readdirSync(join(folder, 'state')).some((name) => name.includes('.damaged-'))).toBe(true);
  });

  it('is told apart from a folder without rights or room', async () => {
    writeFileSync(join(folder, 'state'), 'a file where the folder should be');
    const durable = await open();
    expect(durable.state()).toMatchObject({
      available: false,
      remedy: expect.stringContaining('make room and rights'),
    });
    expect(readFileSync(join(folder, 'state'), 'utf8')).toContain('a file');
  });
});
