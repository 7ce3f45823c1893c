import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { acquireLock, lockHolder, type OsLock } from '../../src/lib/os-lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const take = (waitMs = 0, holder = 'the test'): Promise<OsLock> =>
  acquireLock({ path, holder, waitMs, clock: systemClock });

describe('a lock', () => {
  test('is held by one at a time, in one process too, and can be taken again', async () => {
    const first = await take();
    await expect(take(0)).rejects.toMatchObject({
      exit: 'conflict',
      message: `${path}: expected no other controller, got one that holds the lock: the test`,
    });
    first.release();
    first.release();
    (await take()).release();
    expect(await lockHolder(path)).toBeUndefined();
  });

  test('ends with the block that uses it', async () => {
    {
      using _lock = await take();
      await expect(take()).rejects.toMatchObject({ exit: 'conflict' });
    }
    (await take()).release();
  });

  test('leaves an empty file', async () => {
    (await take()).release();
    expect((await stat(path)).size).toBe(0);
  });

  test('goes to the one that waits', async () => {
    const first = await take();
    const second = take(30_000);
    first.release();
    (await second).release();
  });

  test('stops waiting when the signal fires', async () => {
    using _lock = await take();
    const request = { path, holder: '', waitMs: 60_000, clock: systemClock };
    await expect(acquireLock(request, AbortSignal.timeout(5))).rejects.toMatchObject({
      name: expect.stringMatching(/Abort|Timeout/u),
    });
  });

  test('is refused with a remedy where it cannot exist', async () => {
    await writeFile(path, 'not a lock');
    await expect(take()).rejects.toMatchObject({
      exit: 'permission',
      remedy: expect.stringContaining(folder),
    });
  });

  test('of many takers lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        using _lock = await take(60_000, '');
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      }),
    );
    expect(most).toBe(1);
  });
});

describe('a lock held by another process', () => {
  async function holdElsewhere(): Promise<ChildProcess> {
    const lock = join(import.meta.dirname, '../../src/lib');
    const script = `
      const { acquireLock } = await import(${JSON.stringify(join(lock, 'os-lock.ts'))});
      const { systemClock } = await import(${JSON.stringify(join(lock, 'clock.ts'))});
      globalThis.lock = await acquireLock({ path: ${JSON.stringify(path)}, holder: 'the other', waitMs: 0, clock: systemClock });
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return child;
  }

  test('names it, and is free the moment that process is killed', async () => {
    const child = await holdElsewhere();
    await expect(take()).rejects.toThrow('holds the lock: the other');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    (await take()).release();
  });
});
