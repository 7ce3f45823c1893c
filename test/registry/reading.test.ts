import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createDirectorySource } from '../../src/registry/directory-source.ts';
import type { Source } from '../../src/registry/source.ts';

let scratch: string;
let source: Source;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reading-'));
  mkdirSync(join(scratch, 'registry'));
  const stateDirectory = join(scratch, 'state');
  source = createDirectorySource({
    folder: join(scratch, 'registry'),
    stateDirectory,
    namespace: 'kube-system',
    pollMs: 1_000,
    clock: systemClock,
  });
});

afterEach(async () => {
  await source.close();
  rmSync(scratch, { recursive: true, force: true });
});

describe('reading registries', () => {
  it('B24: creates nothing where nothing is registered yet', async () => {
    const reading = await source.read(AbortSignal.timeout(10_000));
    expect(reading).toMatchObject({ kind: 'read', objects: new Map() });
    expect(readdirSync(scratch, { recursive: true })).toEqual(['registry']);
  });

  it('B24: creates nothing where the registries cannot be read, and does not call them empty', async () => {
    renameSync(join(scratch, 'registry'), join(scratch, 'away'));
    expect((await source.read(AbortSignal.timeout(10_000))).kind).toBe('unreadable');
    expect(readdirSync(scratch, { recursive: true })).toEqual(['away']);
  });
});
