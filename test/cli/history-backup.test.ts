import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { acquireLock } from '../../src/lib/os-lock.ts';
import { openDatabase } from '../../src/store/database.ts';
import { durableCalls } from '../../src/store/calls.ts';
import { fileRevision } from './history-site.ts';
import { bodyOf, everything, lived, ownKey } from './lived-site.ts';
import type { Site } from './support.ts';

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

  it('save no private key of ours, and leave `identity/` as it is', async () => {
    const { made, state } = await lived();
    const key = await ownKey(state);
    await made.run('backup', 'b.tar.gz');
    const file = join(made.folder, 'b.tar.gz');
    expect(execFileSync('tar', ['-tzf', file]).toString()).not.toMatch(/identity|ed25519/u);
    const text = everything(file);
    for (const line of ['PRIVATE KEY', ...bodyOf(key.text)]) expect(text).not.toContain(line);
    writeFileSync(join(state, 'identity/nodes.json'), '["later"]');
    const { ino } = statSync(key.file);
    expect((await made.run('restore', 'b.tar.gz', '--yes')).code).toBe(0);
    const kept = statSync(key.file);
    expect([kept.ino, kept.mode & 0o777, readFileSync(key.file, 'utf8')]).toEqual([ino, 0o600, key.text]);
    expect(readFileSync(join(state, 'identity/nodes.json'), 'utf8')).toBe('["later"]');
    const [aside] = readdirSync(state).filter((name) => name.startsWith('before-restore-'));
    expect(readdirSync(join(state, aside ?? 'nowhere'))).not.toContain('identity');
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
