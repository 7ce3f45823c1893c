#!/usr/bin/env bash
# Assembles the receiver from its parts: build-receiver.sh OUT writes OUT, or OUT/receive-<version> where OUT is a directory.
# A check is a file with a line `# check: <name> <shape> <prefix>`; its functions <prefix>_validate, _proof and _legacy are found by that.
set -euo pipefail

out=${1:?usage: build-receiver.sh OUT}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
common=(receipt request target main records inspect block names ask check)
writing=(stage fence install replace inplace consumer deadman)
# Those of every cluster first: a check is answered before what stands behind it is even parsed.
kinds=("$here/sync-dns.sh" "$here/sync-vps-routes.sh" "$here"/kinds/*.sh)

version=$(sed -n 's/^readonly VERSION=//p' "$here/receiver/preamble.sh")
[[ -d $out ]] && out=$out/receive-$version

# part FILE: without its own header, and without what serves only a direct run.
part() {
  sed -e '1{/^#!/d}' -e '/^# shellcheck shell=/d' -e '/^# ---- below: only when run directly ----$/,$d' "$1"
  echo
}

# check_of FILE: its name, shape and prefix.
check_of() {
  sed -n -E 's/^# check: ([a-z][a-z0-9-]*) (file|block) ([a-z_]+)$/\1 \2 \3/p' "$1"
}

{
  cat "$here/receiver/preamble.sh"
  echo
  echo '# Every check by its name and the shape of its target, with what begins the names of its functions.'
  printf 'declare -rA CHECKS=('
  for file in "${kinds[@]}"; do
    read -r name shape prefix <<<"$(check_of "$file")"
    printf ' [%s/%s]=%s' "${name:?no line "# check:" in $file}" "$shape" "$prefix"
  done
  printf ' )\n\n'
  for name in "${common[@]}"; do part "$here/receiver/$name.sh"; done
  echo 'begin "$@"'
  for file in "${kinds[@]}"; do
    part "$file"
    read -r name _ <<<"$(check_of "$file")"
    echo "serve_check $name"
  done
  for name in "${writing[@]}"; do part "$here/receiver/$name.sh"; done
  echo serve
} >"$out.new"
bash -n "$out.new"
chmod 0755 "$out.new"
mv -f "$out.new" "$out"
echo "$out"
