#!/usr/bin/env bash
# Sees to a clean Debian root that tests lay their changes over, and prints its path. It is made once by debootstrap and kept
# under ~/.cache/sync-controller; --check only says whether it is there. DEBIAN_MIRROR names another mirror.
set -euo pipefail

suite=bookworm
# What the package depends on stands in it, so that apt installs the package without a network.
packages=(systemd systemd-sysv openssh-client libstdc++6)
variant=$(printf '%s\n' "$suite" "${packages[@]}" | sha256sum | cut -c 1-8)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sync-controller/roots
root=$cache/$suite-$(dpkg --print-architecture)-$variant
if [ -d "$root" ]; then
  echo "$root"
  exit 0
fi
[ "${1-}" != --check ] || exit 1
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
  echo "packages: a clean Debian root needs root and debootstrap; the tests of the Debian package are skipped" >&2
  exit 1
fi

mkdir -p "$cache"
# Two suites may ask at once: the second waits for the first.
exec 9>"$cache/lock"
flock 9
if [ ! -d "$root" ]; then
  work=$(mktemp -d "$cache/.$suite.XXXXXX")
  trap 'rm -rf --one-file-system "$work"' EXIT
  echo "packages: making a clean Debian root below $cache, once" >&2
  include=$(IFS=,; echo "${packages[*]}")
  debootstrap --variant=minbase --include="$include" "$suite" "$work" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$cache/debootstrap.log" 2>&1 || {
    tail -n 5 "$cache/debootstrap.log" >&2
    exit 1
  }
  rm -rf "$work"/var/cache/apt/archives/*.deb
  chmod 0755 "$work"
  mv -T "$work" "$root"
fi
echo "$root"
