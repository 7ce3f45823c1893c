// A clean Debian machine for one test: booted by systemd-nspawn, or still, as a chroot is.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fleetAvailable, type Availability } from '../fleet/availability.ts';
import { runProgram, until } from '../fleet/process.ts';
import { CLEAN_ENV } from '../fleet/site.ts';
import type { CommandResult } from '../fleet/types.ts';

export interface Debian {
  /** Its files as seen from this host. */
  readonly rootDir: string;
  run(...argv: readonly string[]): Promise<CommandResult>;
  /** The same, and fails where the command does. */
  must(...argv: readonly string[]): Promise<string>;
  /** Writes a file of the machine. */
  write(path: string, text: string | Buffer, mode?: number): void;
  has(path: string): boolean;
  stop(): Promise<void>;
}

const maker = join(import.meta.dirname, 'base-root.sh');
const programs = {
  debootstrap: 'debootstrap',
  'systemd-nspawn': 'systemd-container',
  dh: 'debhelper',
  lintian: 'lintian',
};

/** Whether machines of Debian can be made here, and if not, what is missing. */
export function debianAvailable(): Availability {
  const namespaces = fleetAvailable('namespaces');
  if (!namespaces.available) return namespaces;
  const path = CLEAN_ENV.PATH.split(':');
  const missing = Object.entries(programs).filter(
    ([program]) => !path.some((folder) => existsSync(join(folder, program))),
  );
  if (missing.length > 0)
    return {
      available: false,
      reason: `missing: apt-get install ${missing.map(([, name]) => name).join(' ')}`,
    };
  if (spawnSync('findmnt', ['--noheadings', '--types', 'cgroup2']).status !== 0)
    return { available: false, reason: 'no cgroup2 file system is mounted' };
  return spawnSync('bash', [maker, '--check']).status === 0
    ? { available: true }
    : { available: false, reason: 'no clean Debian root yet: bash test/packages/base-root.sh' };
}

/** Path of the clean root. */
async function baseRoot(): Promise<string> {
  const { code, stdout, stderr } = await runProgram(['bash', maker]);
  if (code !== 0) throw new Error(`a clean Debian root: ${stderr.trim()}`);
  return stdout.trim();
}

/** Starts a machine of its own over the clean root; nothing of the product is on it. */
export async function startDebian(how: 'boot' | 'still'): Promise<Debian> {
  const base = await baseRoot();
  const dir = mkdtempSync(join(tmpdir(), 'sync-controller-debian-'));
  const child = spawn('bash', [join(import.meta.dirname, 'machine.sh'), how, base, dir], {
    env: CLEAN_ENV,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const closed = Promise.withResolvers<undefined>();
  child.once('close', () => {
    closed.resolve(undefined);
  });
  const gone = closed.promise;
  const up = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    up.resolve(Number(line.split(' ')[1]));
  });
  void gone.then(() => {
    up.reject(new Error(`the machine did not start: ${words.trim()}`));
  });
  const outer = await up.promise;
  const alive = (): void => {
    if (child.exitCode !== null) throw new Error(`the machine has ended: ${words.trim()}`);
  };
  let pid = how === 'still' ? outer : 0;
  await until('process 1 of the machine runs', () => {
    alive();
    pid = (how === 'still' ? settledIn(outer) : bootedBy(outer)) ?? 0;
    return pid !== 0;
  });
  // What a test writes into the machine must never land on this host.
  const [own, host] = [statSync(`/proc/${String(pid)}/root/.`), statSync('/')];
  if (own.dev === host.dev && own.ino === host.ino) throw new Error('the machine has no root of its own');
  const machine = machineAt(pid, async () => {
    child.stdin.end();
    await gone;
  });
  if (how === 'boot')
    await until('the machine has booted', async () => {
      alive();
      return /^(?:running|degraded)/u.test((await machine.run('systemctl', 'is-system-running')).stdout);
    });
  return machine;
}

function machineAt(pid: number, stop: () => Promise<void>): Debian {
  const rootDir = `/proc/${String(pid)}/root`;
  const enter = ['nsenter', '--target', String(pid), '--mount', '--pid', '--uts', '--ipc', '--cgroup'];
  const inside = ['--root', '--wd', '--', '/usr/bin/env', '-i'];
  const env = ['HOME=/root', 'LANG=C.UTF-8', 'DEBIAN_FRONTEND=noninteractive', `PATH=${CLEAN_ENV.PATH}`];
  const run = (...argv: readonly string[]): Promise<CommandResult> =>
    runProgram([...enter, ...inside, ...env, ...argv], { env: CLEAN_ENV });
  return {
    rootDir,
    run,
    must: async (...argv) => {
      const { code, stdout, stderr } = await run(...argv);
      if (code !== 0) throw new Error(`${argv.join(' ')}: exit ${String(code)}: ${stdout}${stderr}`);
      return stdout;
    },
    write: (path, text, mode = 0o644) => {
      mkdirSync(dirname(join(rootDir, path)), { recursive: true });
      writeFileSync(join(rootDir, path), text, { mode });
    },
    has: (path) => existsSync(join(rootDir, path)),
    stop,
  };
}

/** The process that holds a still machine, once its root is that machine's: before that it is this host's. */
function settledIn(pid: number): number | undefined {
  return readFileSync(`/proc/${String(pid)}/comm`, 'utf8') === 'sleep\n' ? pid : undefined;
}

/** Process 1 of what systemd-nspawn has booted; before that, its children are steps on the way. */
function bootedBy(parent: number): number | undefined {
  const children = readFileSync(`/proc/${String(parent)}/task/${String(parent)}/children`, 'utf8').trim();
  return children
    .split(' ')
    .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'systemd\n')
    .map(Number)[0];
}
