import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  exists,
  hasCode,
  readGenerations,
  readLimited,
  writeAtomic,
  writeGenerations,
} from '../../src/lib/files.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeAtomic', () => {
  test('gives a new file the mode asked for, private where none is', async () => {
    writeAtomic(path, 'a');
    writeAtomic(join(folder, 'open'), 'a', { mode: 0o644 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'open'))).mode & 0o777).toBe(0o644);
  });

  test('keeps the mode of a file it replaces and leaves no temporary file', async () => {
    await writeFile(path, 'old');
    await chmod(path, 0o640);
    writeAtomic(path, Buffer.from('new'), { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('keeps the old file and leaves no temporary one when it is stopped before the rename', async () => {
    await writeFile(path, 'old');
    const stopped = (): void => {
      throw new Error('stop');
    };
    expect(() => writeAtomic(path, 'new', { beforeRename: stopped })).toThrow('stop');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('says why it cannot write', () => {
    expect(() => writeAtomic(join(folder, 'none', 'file'), 'x')).toThrow('ENOENT');
  });
});

describe('readLimited', () => {
  test('gives undefined for no file and refuses one above the limit', async () => {
    expect(await readLimited(path, 10)).toBeUndefined();
    await writeFile(path, '12345678901');
    await expect(readLimited(path, 10)).rejects.toThrow('expected at most 10 bytes, got 11');
    expect((await readLimited(path, 11))?.length).toBe(11);
  });
});

describe('two generations', () => {
  const limit = 1024;
  const both = [`${'a'.repeat(50)}\nnewest`, 'previous'];

  beforeEach(async () => {
    await writeGenerations(path, both[1] ?? '', limit);
    await writeGenerations(path, both[0] ?? '', limit);
  });

  test('give the newest', async () => {
    expect(await readGenerations(path, limit)).toEqual({ body: both[0], generation: 'newest', damaged: [] });
  });

  test('give the previous where the newest is torn at any byte, altered, empty, oversized or gone', async () => {
    const whole = await readFile(path);
    for (let cut = 0; cut < whole.length; cut++) {
      await truncate(path, cut);
      expect((await readGenerations(path, limit)).body).toBe(both[1]);
      await writeFile(path, whole);
    }
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await writeFile(path, flipped);
      expect(await readGenerations(path, limit)).toMatchObject({ body: both[1], damaged: [path] });
    }
    await writeFile(path, 'x'.repeat(limit + 1));
    expect((await readGenerations(path, limit)).body).toBe(both[1]);
    await rm(path);
    expect(await readGenerations(path, limit)).toEqual({
      body: both[1],
      generation: 'previous',
      damaged: [],
    });
  });

  test('keep the sound previous one when a damaged newest is written over', async () => {
    await truncate(path, 3);
    await writeGenerations(path, 'third', limit);
    expect((await readGenerations(path, limit)).body).toBe('third');
    await truncate(path, 3);
    expect((await readGenerations(path, limit)).body).toBe(both[1]);
  });

  test('give nothing, and name both files, where both are damaged', async () => {
    await truncate(path, 3);
    await truncate(`${path}.previous`, 3);
    expect(await readGenerations(path, limit)).toEqual({
      body: undefined,
      generation: undefined,
      damaged: [path, `${path}.previous`],
    });
  });
});

test('exists and hasCode tell what they say', async () => {
  expect(await exists(folder)).toBe(true);
  expect(await exists(path)).toBe(false);
  const error = await stat(path).catch((reason: unknown) => reason);
  expect(hasCode(error, 'EACCES', 'ENOENT')).toBe(true);
  expect(hasCode(error, 'EACCES')).toBe(false);
  expect(hasCode('ENOENT', 'ENOENT')).toBe(false);
});
