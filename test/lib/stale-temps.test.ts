import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sweepTemps, tempOf } from '../../src/lib/stale-temps.ts';

describe('temp files of writers that were killed', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sync-controller-temps-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const deadPid = (): number => spawnSync('true').pid;
  const left = (): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));

  it('are removed, also in folders below, once their process is gone', () => {
    mkdirSync(join(folder, 'objects'));
    for (const name of ['.a.json', 'objects/.b'])
      writeFileSync(join(folder, `${name}.${String(deadPid())}-0123456789ab.tmp`), 'half');
    expect(sweepTemps(folder)).toHaveLength(2);
    expect(left()).toEqual([]);
  });

  it('are removed where an earlier life had our own process id', () => {
    writeFileSync(tempOf(join(folder, 'term.json')), 'half');
    expect(sweepTemps(folder)).toHaveLength(1);
  });

  it('stay while their process lives, and files of others stay always', () => {
    const names = [`.a.${String(process.ppid)}-0123456789ab.tmp`, 'mine.tmp', '.a.swp', '.a.1-0123.tmp'];
    for (const name of names) writeFileSync(join(folder, name), '');
    expect(sweepTemps(folder)).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual([...names].sort());
  });

  it('are none in a folder that is not there', () => {
    expect(sweepTemps(join(folder, 'nowhere'))).toEqual([]);
  });
});
