#!/usr/bin/env bash
# A Debian machine over a clean root, in namespaces. Standard input is the leash: at its end (the test stopped or was killed)
# everything goes.
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
machine=''
group=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)/sync-controller-packages-$$

clean_up() {
  if [ -n "$machine" ]; then
    kill -KILL "$machine" 2>/dev/null || true
    wait "$machine" 2>/dev/null || true
  fi
  # A group can be removed once the kernel has buried its last process.
  for _ in $(seq 100); do
    if find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; then break; fi
    sleep 0.05
  done
  rmdir "$dir" 2>/dev/null || true
}

mkdir "$group"
trap clean_up EXIT
(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec unshare --mount --pid --cgroup --fork --kill-child bash "$self" inside "$@" </dev/null
) &
machine=$!
cat >/dev/null
