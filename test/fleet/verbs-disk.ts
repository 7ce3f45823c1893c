import type { Machine } from './machine.ts';
import type { FleetNode } from './types.ts';

type DiskVerbs = Pick<FleetNode, 'fillDisk' | 'freeDisk' | 'remountReadOnly' | 'remountReadWrite'> &
  Pick<FleetNode, 'bindMountFile' | 'unbindFile'>;

// A copy on a tmpfs that is exactly as large as its content takes the folder's place. Size 0 would mean "no limit".
const FILL = `
set -eu
copy=$(mktemp -d /run/fill.XXXXXX)
mount -t tmpfs -o size=100% fleet-disk "$copy"
cp -a "$1/." "$copy/"
chmod --reference="$1" "$copy"
set -- "$1" "$2" $(stat -f -c '%b %f %S' "$copy")
size=$((($3 - $4) * $5 + $2))
if [ "$size" -eq 0 ]; then size=4096; head -c 4096 /dev/zero >"$copy/.fleet-filler"; fi
mount -o "remount,size=$size" "$copy"
mount --move "$copy" "$1"
rmdir "$copy"`;

const FREE = `
set -eu
mount -o remount,size=100% "$1"
rm -f "$1/.fleet-filler"`;

// Below the root a read-only layer is laid over the folder, so that taking it off leaves no mount behind.
const READ_ONLY = `
set -eu
if [ "$1" != / ]; then mount --rbind "$1" "$1"; fi
mount -o remount,bind,ro "$1"`;

const READ_WRITE = `
set -eu
if [ "$1" = / ]; then mount -o remount,bind,rw /; else umount --lazy "$1"; fi`;

async function script(machine: Machine, text: string, args: readonly string[]): Promise<void> {
  const result = await machine.exec(['/bin/sh', '-c', text, 'fleet', ...args]);
  if (result.code !== 0) {
    throw new Error(
      `fleet: on ${machine.name} for ${args.join(' ')}: ${result.stderr.trim() || String(result.code)}`,
    );
  }
}

/** Faults of file systems; all act in the one mount namespace that the node's sshd and its sessions share. */
export function diskVerbs(machine: Machine): DiskVerbs {
  return {
    fillDisk: (path, { freeBytes = 0 } = {}) => script(machine, FILL, [path, String(freeBytes)]),
    freeDisk: (path) => script(machine, FREE, [path]),
    remountReadOnly: (path) => script(machine, READ_ONLY, [path]),
    remountReadWrite: (path) => script(machine, READ_WRITE, [path]),
    bindMountFile: (path) => script(machine, 'mount --bind "$1" "$1"', [path]),
    unbindFile: (path) => script(machine, 'umount --lazy "$1"', [path]),
  };
}
