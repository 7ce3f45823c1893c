import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loggerOver } from '../../src/lib/logger.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openDurable, type Durable } from '../../src/store/durable.ts';
import { keepNotes, recentNotes } from '../../src/store/edit-notes.ts';
import { openHistoryDatabase } from '../../src/store/history/database.ts';
import { Recorder } from '../../src/store/history/recorder.ts';
import { HistoryStore } from '../../src/store/history/store.ts';
import { contentDigest } from '../../src/model/registry-texts.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { push, revision, services } from './history-samples.ts';

let folder: string;
let path: string;
const lines: string[] = [];
const log = loggerOver((level, message) => lines.push(`${level} ${message}`));
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recorder-'));
  path = join(folder, 'state', 'history.db');
  lines.length = 0;
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(
  changes: { queueLimit?: number; durable?: Durable; expected?: boolean; maxRevisions?: number } = {},
) {
  const store = await HistoryStore.open({
    path,
    clock: systemClock,
    log,
    expected: changes.expected === true,
  });
  const recorder = await Recorder.open({
    store,
    clock: systemClock,
    log,
    retention: () => ({ maxRevisions: changes.maxRevisions ?? 100, maxDays: 36_500, maxMegabytes: 100 }),
    notes: () => (changes.durable === undefined ? Promise.resolve([]) : recentNotes(changes.durable)),
    gatherMs: 1,
    queueLimit: changes.queueLimit ?? 1_000,
  });
  closing.push(() => recorder.close());
  return { store, recorder };
}

const all = { node: null, revision: null, limit: 100_000 };

describe('the recorder of the history', () => {
  it('creates its files for their owner alone, and keeps everything over a restart', async () => {
    const { recorder } = await opened();
    recorder.revision(revision(['a']));
    recorder.push(push('n1', { digest: revision(['a']).digest }));
    await recorder.close();
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, 'state')))
      expect([name, statSync(join(folder, 'state', name)).mode & 0o077]).toEqual([name, 0]);
    const second = await opened();
    expect(second.recorder.revisionNumber(revision(['a']).digest)).toBe(1);
    expect(await second.store.ask('pushes', all)).toMatchObject([{ node: 'n1', revision: 1 }]);
    expect(lines).toEqual([]);
  });

  it('files a revision before the outcomes that name it, in the order of telling', async () => {
    const { recorder, store } = await opened();
    for (const name of ['a', 'b', 'a']) {
      recorder.revision(revision([name]));
      recorder.push(push('n1', { digest: revision([name]).digest }));
    }
    await recorder.flush();
    expect((await store.ask('pushes', all)).map((row) => row.revision)).toEqual([3, 2, 1]);
    expect(recorder.revisionNumber(revision(['a']).digest)).toBe(3);
    expect(
      ['R2', '1', 'latest', 'previous', revision(['b']).digest.slice(0, 6), 'R9', 'zz'].map((word) =>
        recorder.digestOf(word),
      ),
    ).toEqual(
      [['b'], ['a'], ['a'], ['b'], ['b']]
        .map((names) => revision(names).digest)
        .concat([undefined, undefined] as never),
    );
  });

  it('makes nobody wait: what is told is only queued, and a burst is few transactions', async () => {
    const { recorder, store } = await opened({ queueLimit: 10_000 });
    const asked: string[] = [];
    const ask = store.ask.bind(store);
    store.ask = (name, ...args) => (asked.push(name), ask(name, ...args));
    for (let n = 0; n < 1_200; n += 1) recorder.push(push(`n${n}`));
    expect(asked).toEqual([]);
    await recorder.flush();
    expect(asked.filter((name) => name === 'addPushes')).toHaveLength(3);
    expect(await store.ask('pushes', all)).toHaveLength(1_200);
  });

  it('drops outcomes on overload, counts them, and says it once', async () => {
    const { recorder, store } = await opened({ queueLimit: 100 });
    recorder.revision(revision(['a']));
    for (let n = 0; n < 250; n += 1) recorder.push(push(`n${n}`));
    recorder.revision(revision(['b']));
    await recorder.flush();
    expect(await store.ask('pushes', all)).toHaveLength(99);
    expect(await store.ask('dropped')).toBe(151);
    expect(recorder.revisionNumber(revision(['b']).digest)).toBe(2);
    expect(lines).toEqual([expect.stringContaining('warn the history cannot keep up')]);
  });

  it('finds who wrote a text in the notes of the audit, told before or after', async () => {
    const durable = await openDurable({
      path: join(folder, 'state', 'durable.db'),
      clock: new ManualClock(),
      log,
    });
    closing.push(() => durable.close());
    const { recorder, store } = await opened({ durable });
    const noteOf = (who: string, ...names: string[]) => {
      const at = 'service-registry/services.json';
      return { path: at, content: contentDigest(at, services(...names)), who, why: `for ${who}` };
    };
    recorder.revision(revision(['a']));
    await keepNotes(durable, [noteOf('ada', 'a', 'b')], '2026-01-01T00:00:00Z');
    recorder.revision(revision(['a', 'b']));
    recorder.revision(revision(['a', 'b', 'c']));
    recorder.attribute([noteOf('eve', 'a', 'b', 'c')]);
    await recorder.flush();
    expect((await store.ask('revisions', 9, null)).map(({ who, why }) => [who, why])).toEqual([
      ['eve', 'for eve'],
      ['ada', 'for ada'],
      [null, null],
    ]);
  });

  it('keeps within its limits by itself', async () => {
    const { recorder, store } = await opened({ maxRevisions: 5 });
    for (let n = 0; n < 45; n += 1) recorder.revision(revision([`s${n}`]));
    await recorder.flush();
    const kept = await store.ask('revisionNames');
    expect(kept.length).toBeLessThan(25);
    expect(kept.at(-1)?.number).toBe(45);
    expect(recorder.revisionNumber(revision(['s0']).digest)).toBeUndefined();
  });
});

describe('a history.db that is lost or damaged', () => {
  const spoil = (at: number, bytes: number): void => {
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(bytes, 0xa5), 0, bytes, at);
  };

  async function filled(): Promise<void> {
    const { recorder } = await opened();
    recorder.revision(revision(['a']));
    for (let n = 0; n < 900; n += 1) recorder.push(push(`n${n}`));
    await recorder.close();
  }

  it.each([
    ['an overwritten header', () => spoil(0, 100)],
    ['an overwritten page', () => spoil(4096, 8192)],
    ['another kind of file', () => writeFileSync(path, 'not a database at all, '.repeat(100))],
  ])(
    '(%s) is moved aside at the start, begins anew from the present, and says so once',
    async (_what, damage) => {
      await filled();
      damage();
      const { recorder, store } = await opened({ expected: true });
      recorder.revision(revision(['b']));
      recorder.push(push('n1', { digest: revision(['b']).digest }));
      await recorder.flush();
      expect(await store.ask('pushes', all)).toMatchObject([{ number: 1, revision: 1 }]);
      const aside = readdirSync(join(folder, 'state')).filter((name) =>
        /\.damaged-\d{8}T\d{6}Z$/u.test(name),
      );
      expect(aside).toHaveLength(1);
      expect(lines).toEqual([expect.stringContaining('warn history.db was damaged; it was moved aside')]);
    },
  );

  it('found while running is begun anew with what is in force, and what was told since', async () => {
    const { recorder, store } = await opened();
    recorder.revision(revision(['a']));
    recorder.push(push('n1'));
    await recorder.flush();
    // Somebody breaks the catalogue of tables: the worker's next look meets the damage.
    const other = openHistoryDatabase(path);
    other.enableDefensive(false);
    other.exec(
      `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'nonsense'; PRAGMA user_version = 1`,
    );
    other.exec('PRAGMA schema_version = 99');
    other.close();
    recorder.push(push('n2', { digest: revision(['a']).digest }));
    await recorder.flush();
    expect((await store.ask('pushes', all)).map(({ node, revision: of }) => [node, of])).toEqual([['n2', 1]]);
    expect(recorder.revisionNumber(revision(['a']).digest)).toBe(1);
    expect(lines).toEqual([expect.stringContaining('warn history.db was damaged')]);
  });

  it('that is gone begins anew, which is said where there must have been one', async () => {
    await opened({ expected: true });
    expect(lines).toEqual([expect.stringContaining('warn there is no history.db')]);
  });

  it('keeps no more than two damaged copies', async () => {
    await filled();
    for (const stamp of ['20250101T000000Z', '20250102T000000Z', '20250103T000000Z'])
      writeFileSync(`${path}.damaged-${stamp}`, 'old');
    spoil(0, 100);
    await opened();
    const copies = readdirSync(join(folder, 'state')).filter((name) => name.includes('.damaged-'));
    expect(copies).toHaveLength(2);
    expect(copies).toContain('history.db.damaged-20250103T000000Z');
  });

  it('stops nothing where the place cannot be written at all', async () => {
    mkdirSync(path, { recursive: true });
    const { recorder, store } = await opened();
    expect(store.isOff).toBe(true);
    recorder.revision(revision(['a']));
    recorder.push(push('n1'));
    await recorder.flush();
    expect(recorder.revisionNumber(revision(['a']).digest)).toBeUndefined();
    expect(lines).toEqual([expect.stringContaining('warn history.db cannot be used')]);
  });

  it('survives kill -9 at any moment: what was written is whole, and the next start goes on', async () => {
    const source = (name: string) => JSON.stringify(join(import.meta.dirname, '../../', name));
    const script = `
      import { HistoryStore } from ${source('src/store/history/store.ts')};
      import { Recorder } from ${source('src/store/history/recorder.ts')};
      import { systemClock } from ${source('src/lib/clock.ts')};
      import { silentLogger } from ${source('src/lib/logger.ts')};
      import { push, revision } from ${source('test/store/history-samples.ts')};
      const store = await HistoryStore.open({ path: ${JSON.stringify(path)}, clock: systemClock, log: silentLogger, expected: false });
      const recorder = await Recorder.open({ store, clock: systemClock, log: silentLogger, gatherMs: 1,
        retention: () => ({ maxRevisions: 100, maxDays: 36_500, maxMegabytes: 100 }), notes: async () => [] });
      for (let n = 0; ; n += 1) {
        recorder.revision(revision(['s' + n]));
        recorder.push(push('n', { digest: revision(['s' + n]).digest }));
        if (n % 5 === 0) { await recorder.flush(); process.stdout.write(n + '\\n'); }
      }`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.includes('\n25\n')) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const last = Number(told.trim().split('\n').at(-1));
    const { store, recorder } = await opened();
    const names = await store.ask('revisionNames');
    expect(names.length).toBeGreaterThan(last);
    expect((await store.ask('pushes', all)).every(({ revision: of }) => of !== null)).toBe(true);
    recorder.revision(revision(['after']));
    await recorder.flush();
    expect(recorder.revisionNumber(revision(['after']).digest)).toBe(names.length + 1);
    expect(existsSync(`${path}.damaged`)).toBe(false);
    expect(lines).toEqual([]);
  });
});
