#!/usr/bin/env bash
# A Debian machine over a clean root, in namespaces. Standard input is its leash.
# Usage: machine.sh boot|still BASE DIR   (boot: systemd-nspawn boots it; still: nothing runs in it, as in a chroot)
set -euo pipefail
self=$(readlink -f "${BASH_SOURCE[0]}")

# Already in its own namespaces: lays a writable layer in memory over the clean root.
inside() {
  local how=$1 base=$2 dir=$3 root=$3/root host_pid
  read -r host_pid _ </proc/self/stat
  mount --make-rprivate /
  mount -t tmpfs -o mode=0755 machine "$dir"
  mkdir "$dir"/{upper,work,root}
  mount -t overlay -o "lowerdir=$base,upperdir=$dir/upper,workdir=$dir/work" machine "$root"
  mount -t proc proc /proc
  if [ "$how" = still ]; then
    mount -t proc proc "$root/proc"
    echo "up $host_pid"
    exec chroot "$root" sleep infinity
  fi
  # systemd-nspawn wants one hierarchy of groups, of which it sees the top, and marks of its own in /run.
  umount --lazy /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir /sys/fs/cgroup/machine
  echo 1 >/sys/fs/cgroup/machine/cgroup.procs
  mount -t tmpfs -o mode=0755 run /run
  echo "up $host_pid"
  exec systemd-nspawn --quiet --boot --directory="$root" --machine=sync-controller --register=no --keep-unit \
    --resolv-conf=off --timezone=off --link-journal=no --console=pipe >/dev/null
}

if [ "$1" = inside ]; then
  shift
  inside "$@"
fi

dir=$3
# shellcheck source=test/support/leash.sh
source "$(dirname "$self")/../support/leash.sh"

clean_up() {
  rmdir "$dir" 2>/dev/null || true
}

make_group sync-controller-packages
leash clean_up unshare --mount --pid --cgroup --fork --kill-child bash "$self" inside "$@"
