// What the controller keeps in its state directory, damaged in every way before a start: the start succeeds, edits go on, the loss is told.
import { spawn } from 'node:child_process';
import {
  cpSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until, type Rig } from '../e2e/rig.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { edit, hosts, startFaultsRig } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;
const main = join(
  import.meta.dirname,
  process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts',
);
const databases = ['durable.db', 'history.db'] as const;

interface Life {
  /** Its exit code. */
  readonly over: Promise<number | null>;
  said(): string;
  stop(): Promise<number | null>;
}

describe.skipIf(!available)('a daemon that starts over', () => {
  let rig: Rig;
  let life: Life | undefined;
  let state: string;
  let sound: string;
  beforeAll(async () => {
    rig = await startFaultsRig();
    state = join(rig.folder, 'state');
    sound = join(rig.folder, 'sound');
    const first = begin();
    for (let n = 0; n < 5; n += 1) await reaches(edit(rig));
    expect((await rig.syncctl(['drift', 'whole', 'correct', '--reason', 'something durable'])).code).toBe(0);
    expect(await first.stop()).toBe(0);
    cpSync(state, sound, { recursive: true });
  });
  afterEach(async () => {
    await life?.stop();
    rmSync(state, { recursive: true });
    cpSync(sound, state, { recursive: true });
  });
  afterAll(async () => {
    await rig.stop();
  });

  /** Starts a daemon whose view of the file system is its own: `mounts` is shell text that runs there first. */
  const begin = (mounts = 'true'): Life => {
    const child = spawn(
      'unshare',
      [
        '-m',
        'bash',
        '--norc',
        '-c',
        `set -e; cd "$1"; shift; ${mounts}; exec "$@"`,
        'mounts',
        state,
        process.execPath,
        main,
        'daemon',
        '--config',
        rig.settings,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
    );
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const gone = new Promise<number | null>((resolve) => child.once('close', resolve));
    life = {
      over: gone,
      said: () => said,
      stop: () => {
        child.kill('SIGTERM');
        return gone;
      },
    };
    return life;
  };
  const reaches = (line: string): Promise<void> =>
    until(
      `${line} is on both nodes`,
      () => [0, 1].every((index) => hosts(rig, index).includes(line)),
      20_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; the daemon said: ${life?.said() ?? ''}`);
    });
  const change = (name: string, at: (size: number) => number, how: (byte: number) => number): void => {
    const path = join(state, name);
    const file = openSync(path, 'r+');
    const byte = Buffer.alloc(1);
    const where = at(statSync(path).size);
    readSync(file, byte, 0, 1, where);
    writeSync(file, Buffer.from([how(byte[0] ?? 0)]), 0, 1, where);
    closeSync(file);
  };

  interface Damage {
    readonly spoil?: (name: string) => void;
    readonly mounts?: (name: string) => string;
    readonly moves?: true;
    /** What is said of each file. */
    readonly durable: RegExp | undefined;
    readonly history: RegExp | undefined;
  }
  const damages: Readonly<Record<string, Damage>> = {
    'with its last page torn off': {
      moves: true,
      // More than a page: one that is empty and keeps its head has lost nothing.
      spoil: (name) => truncateSync(join(state, name), statSync(join(state, name)).size - 4_500),
      durable: /durable\.db is not available/u,
      history: /history\.db was damaged; it was moved aside/u,
    },
    'with a bit flipped in the head of its second page': {
      moves: true,
      spoil: (name) =>
        change(
          name,
          () => 4096,
          (byte) => byte ^ 0x10,
        ),
      durable: /durable\.db is not available/u,
      history: /history\.db was damaged; it was moved aside/u,
    },
    'that is gone': {
      spoil: (name) => {
        for (const file of readdirSync(state)) if (file.startsWith(name)) rmSync(join(state, file));
      },
      durable: undefined,
      history: /there is no history\.db/u,
    },
    'that answers every access with EIO': {
      // The memory of a process at address 0 is the one file that always answers so.
      mounts: (name) => `rm -f ${name}-wal ${name}-shm; mount --bind /proc/$$/mem ${name}`,
      durable: /durable\.db is not available/u,
      history: /history\.db/u,
    },
  };
  const cases = Object.entries(damages).flatMap(([what, damage]) =>
    databases.map((name): [string, string, Damage] => [name, what, damage]),
  );

  it.each(cases)(
    'beside a %s %s pushes every edit, says what it lost, and is whole with a backup in its place',
    async (name, _what, damage) => {
      damage.spoil?.(name);
      const now = begin(damage.mounts?.(name));
      await reaches(edit(rig));
      const told = name === 'durable.db' ? damage.durable : damage.history;
      if (told !== undefined) await until(`it is told: ${now.said()}`, () => told.test(now.said()));
      const health = (await rig.syncctl(['health'])).stdout;
      expect(health).toMatch(/broken: active[^]*whole: active/u);
      const isTold = name === 'durable.db' && told !== undefined;
      expect(/^Store: pauses, freezes, .*; (?:restore a backup|make room)/mu.test(health)).toBe(isTold);
      const { code, stderr } = await rig.syncctl(['drift', 'whole', 'correct', '--reason', 'still there']);
      if (isTold)
        expect([code, stderr]).toEqual([
          69,
          expect.stringMatching(/expected durable\.db, got .*; (restore a backup|make room)/u),
        ]);
      else expect(code).toBe(0);
      expect(await now.stop()).toBe(0);
      // A damaged file is moved, never deleted; with a sound one in its place everything is as before.
      const moved = readdirSync(state).filter((file) => file.startsWith(`${name}.damaged-`));
      expect(moved.length).toBe(damage.moves === true ? 1 : 0);
      for (const file of readdirSync(state)) if (file.startsWith(name)) rmSync(join(state, file));
      cpSync(join(sound, name), join(state, name));
      const after = begin();
      await reaches(edit(rig));
      expect((await rig.syncctl(['drift', 'whole', 'correct', '--reason', 'again'])).code).toBe(0);
      expect((await rig.syncctl(['history', '-o', 'json'])).code).toBe(0);
      expect(after.said()).not.toMatch(/durable\.db is not available|history\.db (?:was damaged|cannot)/u);
    },
  );

  it('on a disk that is full to the last byte ends at once and says so, and begins where there is room again', async () => {
    const before = [hosts(rig), hosts(rig, 1)];
    const line = edit(rig);
    const now = begin(
      'mkdir /run/copy-$$; cp -a . /run/copy-$$; mount -t tmpfs -o size=100% state .; cd "$PWD"; cp -a /run/copy-$$/. .; rm -r /run/copy-$$; mount -o remount,size=$(($(df --output=used -k . | tail -1)))k "$PWD"',
    );
    expect(await now.over).not.toBe(0);
    expect(now.said()).toMatch(/the lock \S+ cannot be taken: database or disk is full/u);
    expect([hosts(rig), hosts(rig, 1)]).toEqual(before);
    begin();
    await reaches(line);
  });
});
