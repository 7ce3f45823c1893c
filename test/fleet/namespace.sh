#!/usr/bin/env bash
# One fleet's piece of the machine: a veth pair into the host's network, and everything else inside namespaces
# that die with this process. Standard input is the leash: at its end (the test stopped or was killed) all goes.
# Usage: namespace.sh DIR STORAGE FIRST_SUBNET   (DIR is removed at the end; STORAGE is tmpfs or disk)
set -euo pipefail
dir=$1 storage=$2 first=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The link's name is the lock on the subnet: the kernel lets only one fleet create it.
claim_subnet() {
  local try number prefix
  for ((try = 0; try < 64; try++)); do
    number=$(((first + try) % 64))
    prefix="10.213.$((number * 4)).0/22"
    if [ -n "$(ip -4 route show root "$prefix")" ]; then continue; fi
    if ip -4 route show match "$prefix" | grep -qv '^default'; then continue; fi
    if ip link add "scfleet$number" type veth peer name "scsite$number" 2>/dev/null; then
      subnet=$number
      return
    fi
  done
  echo "fleet: no free /22 in 10.213.0.0/16: every one is routed elsewhere or used by another fleet" >&2
  return 1
}

clean_up() {
  if [ -n "${subnet:-}" ]; then ip link delete "scfleet$subnet" 2>/dev/null || true; fi
  rm -rf --one-file-system "$dir"
}
trap clean_up EXIT

claim_subnet
ip -batch - <<END
addr add 10.213.$((subnet * 4)).1/22 dev scfleet$subnet
link set scfleet$subnet up
END
# Hosts without IPv6 still get a fleet.
ip -6 addr add "fd00:213:$subnet::1/64" dev "scfleet$subnet" nodad 2>/dev/null || true

exec 9</proc/self/ns/net
unshare --mount --net --pid --fork --kill-child bash "$here/site.sh" "$dir" "$storage" "$subnet"
