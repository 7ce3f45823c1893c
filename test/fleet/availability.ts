import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { CLEAN_ENV } from './site.ts';
import type { FleetMode } from './types.ts';

export type Availability =
  { readonly available: true } | { readonly available: false; readonly reason: string };

/** Program -> Debian package that brings it. */
const NEEDED = {
  loopback: { sshd: 'openssh-server', ssh: 'openssh-client', bash: 'bash', setpriv: 'util-linux' },
  namespaces: {
    ...{ ip: 'iproute2', bridge: 'iproute2', sudo: 'sudo', mount: 'mount', pivot_root: 'util-linux' },
    ...{ unshare: 'util-linux', nsenter: 'util-linux' },
  },
} as const;

/** Everything that the full fixture needs on Debian or Ubuntu. */
export const FLEET_PACKAGES: readonly string[] = [
  ...new Set([...Object.values(NEEDED.loopback), ...Object.values(NEEDED.namespaces)]),
].sort();

// Tries, in namespaces that end with it, each kernel feature a node needs.
const PROBE = `
set -e
mount --make-rprivate /
mount -t tmpfs probe /tmp
mkdir /tmp/upper /tmp/work /tmp/root
mount -t overlay -o lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work probe /tmp/root
mknod /tmp/hidden c 0 0
ip link add bridge0 type bridge
ip link add port0 type veth peer name port1`;

function onPath(program: string): boolean {
  return CLEAN_ENV.PATH.split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function missing(packages: Readonly<Record<string, string>>): Availability {
  const absent = Object.entries(packages).filter(([program]) => !onPath(program));
  if (absent.length === 0) return { available: true };
  const names = absent.map(([program]) => program).join(', ');
  const install = [...new Set(absent.map(([, name]) => name))].join(' ');
  return { available: false, reason: `${names} missing: apt-get install ${install}` };
}

function probeLoopback(): Availability {
  if (process.platform !== 'linux')
    return { available: false, reason: `needs Linux, this is ${process.platform}` };
  return missing(NEEDED.loopback);
}

function probeNamespaces(): Availability {
  const basics = probeLoopback();
  if (!basics.available) return basics;
  if (process.getuid?.() !== 0) return { available: false, reason: 'namespaces with own roots need root' };
  const programs = missing(NEEDED.namespaces);
  if (!programs.available) return programs;
  const tried = spawnSync('unshare', ['-m', '-n', '-p', '-u', '-i', '--fork', 'sh', '-c', PROBE], {
    env: CLEAN_ENV,
  });
  if (tried.status === 0) return { available: true };
  return { available: false, reason: `the kernel refuses namespaces: ${tried.stderr.toString().trim()}` };
}

const known = new Map<FleetMode, Availability>();

/** Whether a fleet of this kind can be started here, and if not, why and what to install. */
export function fleetAvailable(mode: FleetMode = 'namespaces'): Availability {
  const answer = known.get(mode) ?? (mode === 'namespaces' ? probeNamespaces() : probeLoopback());
  known.set(mode, answer);
  return answer;
}
