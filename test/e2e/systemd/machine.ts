// A machine that boots: this system's own systemd as process 1, with the product installed as its package installs it.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fleetAvailable, type Availability } from '../../fleet/availability.ts';
import { runProgram, until } from '../../fleet/process.ts';
import { CLEAN_ENV } from '../../fleet/site.ts';
import type { CommandResult } from '../../fleet/types.ts';

export interface SystemdMachine {
  /** Its files as seen from this host; another path after a reboot. */
  readonly rootDir: string;
  run(...argv: readonly string[]): Promise<CommandResult>;
  /** Writes a file of the machine, readable by its owner alone. */
  write(path: string, text: string): void;
  /** One property of a unit, as `systemctl show` prints it. */
  property(name: string): Promise<string>;
  /** Has it reboot itself, and waits until it is up again; memory is lost, files stay. */
  reboot(): Promise<void>;
  stop(): Promise<void>;
}

const unit = 'sync-controller';
const repository = new URL('../../../', import.meta.url).pathname;

/** Whether {@link bootMachine} can work here, and if not, why. */
export function systemdAvailable(): Availability {
  const namespaces = fleetAvailable('namespaces');
  if (!namespaces.available) return namespaces;
  if (!existsSync('/lib/systemd/systemd'))
    return { available: false, reason: 'no systemd here: apt-get install systemd' };
  const groups = spawnSync('findmnt', ['--noheadings', '--types', 'cgroup2']);
  return groups.status === 0
    ? { available: true }
    : { available: false, reason: 'no cgroup2 file system is mounted' };
}

/** Boots a machine with the package of this checkout installed; its unit is there and not started yet. */
export async function bootMachine(): Promise<SystemdMachine> {
  const dir = mkdtempSync(join(tmpdir(), 'sync-controller-systemd-'));
  const child = spawn(
    'bash',
    [join(import.meta.dirname, 'machine.sh'), dir, process.execPath, await pack(dir)],
    {
      env: CLEAN_ENV,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const gone = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  // Each boot has a process 1 of its own.
  let pid = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    pid = Number(line.split(' ')[1]);
  });
  const up = async (before: number): Promise<void> => {
    await until('the machine boots', () => {
      if (child.exitCode !== null) throw new Error(`systemd: the machine did not start: ${words.trim()}`);
      return pid !== before;
    });
    await until('systemd is up', async () =>
      (await run('systemctl', 'is-system-running')).stdout.startsWith('running'),
    );
    await run('systemctl', 'start', 'systemd-journald');
  };
  const run = (...argv: readonly string[]): Promise<CommandResult> =>
    runProgram(
      ['nsenter', '--target', String(pid), '--mount', '--pid', '--uts', '--ipc', '--cgroup', '--', ...argv],
      { env: { ...CLEAN_ENV, HOME: '/root' } },
    );
  const rootDir = (): string => `/proc/${String(pid)}/root`;
  const machine: SystemdMachine = {
    get rootDir() {
      return rootDir();
    },
    run,
    write: (path, text) => {
      mkdirSync(dirname(join(rootDir(), path)), { recursive: true });
      writeFileSync(join(rootDir(), path), text, { mode: 0o600 });
    },
    property: async (name) =>
      (await run('systemctl', 'show', '--value', '--property', name, unit)).stdout.trim(),
    reboot: async () => {
      const before = pid;
      await run('systemctl', 'reboot');
      await up(before);
    },
    stop: async () => {
      child.stdin.end();
      await gone;
    },
  };
  await up(0);
  return machine;
}

/** The package as it is published, without a registry: its content is what `files` of package.json says. */
async function pack(dir: string): Promise<string> {
  const packed = await runProgram(
    ['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', dir],
    { cwd: repository },
  );
  if (packed.code !== 0) throw new Error(`npm pack: ${packed.stderr}`);
  return join(dir, packed.stdout.trim());
}
