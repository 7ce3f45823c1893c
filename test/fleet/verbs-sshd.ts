import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostKeySet } from './keys.ts';
import type { SshKey } from './keys.ts';
import { descendants, signal, statusOf } from './machine.ts';
import type { Machine } from './machine.ts';
import { until } from './process.ts';
import type { FleetNode } from './types.ts';

type SshdVerbs = Pick<FleetNode, 'startSshd' | 'stopSshd' | 'setSshdOption' | 'newHostKey'> &
  Pick<FleetNode, 'removeAuthorizedKey' | 'restoreAuthorizedKey'>;

/** Writes private and public host keys where the machine's sshd_config looks for them. */
export async function writeHostKeys(sshdDir: string, keys: readonly SshKey[]): Promise<void> {
  await mkdir(sshdDir, { recursive: true });
  for (const key of keys) {
    const file = join(sshdDir, `ssh_host_${key.type}_key`);
    await writeFile(file, key.privateFile, { mode: 0o600 });
    await writeFile(`${file}.pub`, `${key.publicLine}\n`);
  }
}

async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGKILL');
  const gone = (pid: number): boolean => /^[ZX]/.test(statusOf(pid, 'State') ?? 'X');
  await until('the killed processes are gone', () => pids.every(gone));
}

async function stop(machine: Machine, keepSessions: boolean): Promise<void> {
  const listener = machine.listener();
  if (listener === undefined) return;
  const sessions = keepSessions ? [] : descendants(listener);
  await killAll([listener, ...sessions]);
  await rm(join(machine.rootDir, 'run/sshd.pid'), { force: true });
}

async function restartListener(machine: Machine): Promise<void> {
  if (machine.listener() === undefined) return;
  await stop(machine, true);
  await machine.launchSshd();
}

/** The SSH server and what it trusts. */
export function sshdVerbs(machine: Machine, clientPublicKey: string): SshdVerbs {
  const writeAuthorized = (text: string): Promise<unknown> =>
    Promise.all(machine.authorizedKeys.map((file) => writeFile(join(machine.rootDir, file), text)));
  return {
    stopSshd: ({ keepSessions = false } = {}) => stop(machine, keepSessions),
    async startSshd() {
      if (machine.listener() === undefined) await machine.launchSshd();
    },
    async setSshdOption(name, value) {
      // Of two values sshd takes the first, and drop-ins are read in the order of their names.
      const file = join(machine.sshdDir, 'sshd_config.d', `10-${name}.conf`);
      if (value === undefined) await rm(file, { force: true });
      else await writeFile(file, `${name} ${value}\n`);
      await restartListener(machine);
    },
    async newHostKey() {
      machine.hostKeys = await hostKeySet(`root@${machine.name}`);
      await writeHostKeys(machine.sshdDir, machine.hostKeys);
      await restartListener(machine);
      return machine.hostKeys.map((key) => key.publicLine);
    },
    async removeAuthorizedKey() {
      await writeAuthorized('');
    },
    async restoreAuthorizedKey() {
      await writeAuthorized(`${clientPublicKey}\n`);
    },
  };
}
