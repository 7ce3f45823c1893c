import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { SshKey } from './keys.ts';
import type { CommandResult, RunOptions } from './types.ts';

/** What the verbs need to know of a node, whichever way it was made. */
export interface Machine {
  readonly name: string;
  readonly user: string;
  readonly rootDir: string;
  /** Folder, seen from this host, that holds sshd_config, its drop-ins and the host keys. */
  readonly sshdDir: string;
  readonly authorizedKeys: readonly string[];
  hostKeys: readonly SshKey[];
  /** Host ids of the node's processes, without its process 1. */
  processes(): readonly number[];
  /** Host id of the listening sshd, if it runs. */
  listener(): number | undefined;
  /** Starts sshd and returns once it listens. */
  launchSshd(): Promise<void>;
  /** Runs a program on the node without ssh. */
  exec(argv: readonly string[], options?: RunOptions): Promise<CommandResult>;
}

/** Host ids of all running processes. */
export function allProcesses(): readonly number[] {
  return readdirSync('/proc').flatMap((entry) => (/^\d+$/.test(entry) ? [Number(entry)] : []));
}

/** One line of /proc/PID/status; undefined once the process is gone. */
export function statusOf(pid: number, key: 'PPid' | 'NSpid' | 'State' | 'Name'): string | undefined {
  try {
    return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(
      readFileSync(`/proc/${String(pid)}/status`, 'utf8'),
    )?.[1];
  } catch {
    return undefined;
  }
}

/** Identity of a namespace of a process; undefined once it is gone (or a zombie). */
export function namespaceOf(pid: number | 'self', kind: 'net' | 'pid' | 'mnt'): string | undefined {
  try {
    return readlinkSync(`/proc/${String(pid)}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

/** Everything that was started, directly or not, by this process and is still its descendant. */
export function descendants(ancestor: number): readonly number[] {
  const childrenOf = Map.groupBy(allProcesses(), (pid) => Number(statusOf(pid, 'PPid')));
  const found: number[] = [];
  const queue = [ancestor];
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    const children = childrenOf.get(parent) ?? [];
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

/** The id that sshd wrote once it listened, as the node counts; undefined while there is none. */
export function pidFileOf(machine: Pick<Machine, 'rootDir'>): number | undefined {
  try {
    const text = readFileSync(join(machine.rootDir, 'run/sshd.pid'), 'utf8');
    return /^\d+\n/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Sends a signal; a process that ended meanwhile is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  // 0 and below mean process groups, 1 is this machine's own init.
  if (pid <= 1) throw new Error(`fleet: will not signal process ${String(pid)}`);
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
