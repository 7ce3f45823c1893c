#!/usr/bin/env bash
# Assembles the receiver from its parts: build-receiver.sh OUT writes OUT, or OUT/receive-<version> where OUT is a directory.
set -euo pipefail

out=${1:?usage: build-receiver.sh OUT}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
common=(receipt request target main records inspect block names check)
writing=(stage fence install replace inplace consumer deadman)

version=$(sed -n 's/^readonly VERSION=//p' "$here/receiver/preamble.sh")
[[ -d $out ]] && out=$out/receive-$version

# part FILE: without its own header, and without what serves only a direct run.
part() {
  sed -e '1{/^#!/d}' -e '/^# shellcheck shell=/d' -e '/^# ---- below: only when run directly ----$/,$d' "$1"
  echo
}

{
  cat "$here/receiver/preamble.sh"
  echo
  for name in "${common[@]}"; do part "$here/receiver/$name.sh"; done
  echo 'begin "$@"'
  part "$here/sync-dns.sh"
  echo 'serve_check hosts'
  part "$here/sync-vps-routes.sh"
  echo 'serve_check traefik-routes'
  for name in "${writing[@]}"; do part "$here/receiver/$name.sh"; done
  echo serve
} >"$out.new"
bash -n "$out.new"
chmod 0755 "$out.new"
mv -f "$out.new" "$out"
echo "$out"
