#!/usr/bin/env bash
# A machine whose process 1 is this system's own systemd, in namespaces, on the host's network. Standard input is the leash:
# at its end (the test stopped or was killed) everything goes.
# Usage: machine.sh DIR NODE PACKAGE   (DIR is removed at the end; NODE is the runtime, PACKAGE the tarball of `npm pack`)
set -euo pipefail
dir=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
machine=''
# systemd makes its groups below the root it finds, which is this one through a cgroup namespace.
group=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)/sync-controller-test-$$

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
  rm -rf --one-file-system "$dir"
}

mkdir "$group"
trap clean_up EXIT
(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child bash "$here/boot.sh" "$@" </dev/null
) &
machine=$!
cat >/dev/null
