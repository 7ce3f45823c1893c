import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Places } from './settings.ts';
import { refusal } from './refusal.ts';

/** What the process is and was told: who runs it, with which environment. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
}

// The address of a unix socket has 108 bytes with its final zero; a longer path fails at bind with an unreadable error.
const socketPathLimit = 107;

const systemRuntime = '/run/sync-controller';

/** Home of who runs this. */
export function homeOf(around: Surroundings): string {
  return around.env['HOME'] ?? homedir();
}

/** `~/x` as an absolute path. */
export function expandHome(path: string, around: Surroundings): string {
  return path.startsWith('~/') ? join(homeOf(around), path.slice(2)) : path;
}

/** The files that are looked for when none is named, in order. */
export function settingsFiles(around: Surroundings): readonly string[] {
  const { env, uid } = around;
  const own = join(
    env['XDG_CONFIG_HOME'] ?? join(homeOf(around), '.config'),
    'sync-controller',
    'config.yaml',
  );
  const fromSystemd = first(env['CONFIGURATION_DIRECTORY']);
  return [
    ...(fromSystemd === undefined ? [] : [join(fromSystemd, 'config.yaml')]),
    ...(uid === 0 ? [] : [own]),
    '/etc/sync-controller/config.yaml',
  ];
}

/** Where this machine keeps state and socket: the setting, what systemd says, then the custom of the system. */
export function placesOf(
  written: { stateDirectory: string | undefined; runtimeDirectory: string | undefined },
  around: Surroundings,
): Places {
  const { env, uid } = around;
  const root = uid === 0;
  const xdgState = join(env['XDG_STATE_HOME'] ?? join(homeOf(around), '.local', 'state'), 'sync-controller');
  const stateDirectory =
    chosen(written.stateDirectory, around) ??
    first(env['STATE_DIRECTORY']) ??
    (root ? '/var/lib/sync-controller' : xdgState);
  const xdgRuntime = env['XDG_RUNTIME_DIR'];
  // A daemon of the system is there for everybody: an own controller beside it would be its rival.
  const runtimeFallback =
    root || existsSync(systemRuntime)
      ? systemRuntime
      : xdgRuntime === undefined
        ? join(stateDirectory, 'run')
        : join(xdgRuntime, 'sync-controller');
  const runtimeDirectory =
    chosen(written.runtimeDirectory, around) ?? first(env['RUNTIME_DIRECTORY']) ?? runtimeFallback;
  const socket = join(runtimeDirectory, 'syncctl.sock');
  if (Buffer.byteLength(socket) > socketPathLimit) {
    throw refusal({
      place: 'daemon.runtimeDirectory',
      expected: `a path that leaves the socket at most ${String(socketPathLimit)} bytes`,
      value: socket,
      remedy: 'choose a shorter folder, such as /run/sync-controller',
    });
  }
  return { stateDirectory, runtimeDirectory, socket };
}

function chosen(path: string | undefined, around: Surroundings): string | undefined {
  return path === undefined ? undefined : expandHome(path, around);
}

/** systemd joins several directories by colons; ours is the first. */
function first(list: string | undefined): string | undefined {
  const head = list?.split(':')[0];
  return head === '' ? undefined : head;
}
