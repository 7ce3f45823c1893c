#!/usr/bin/env bash
# A machine whose process 1 is this system's own systemd, in namespaces, on the host's network. Standard input is its leash.
# Usage: machine.sh DIR NODE PACKAGE   (DIR is removed at the end; NODE is the runtime, PACKAGE the tarball of `npm pack`)
set -euo pipefail
dir=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/support/leash.sh
source "$here/../../support/leash.sh"

clean_up() {
  rm -rf --one-file-system "$dir"
}

make_group sync-controller-test
leash clean_up unshare --mount --pid --uts --ipc --cgroup --fork --kill-child bash "$here/boot.sh" build "$@"
