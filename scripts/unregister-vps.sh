#!/usr/bin/env bash
# The predecessor's way to take a VPS out of the cluster: out of every route, the DNS records and the registry, and off the node itself.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib/find-syncctl.sh"

if [[ $# -eq 0 || $1 == -* ]]; then
  printf 'Usage: unregister-vps.sh <tailscale ip or name> [--yes] [--abandon]\n'
  exit 1
fi
vps=$1
yes=()
abandon=()
for word in "${@:2}"; do
  case $word in
    --yes | -y) yes=(--yes) ;;
    --abandon) abandon=(--abandon) ;;
    *)
      printf '[✗] %s\n' "unregister-vps.sh: expected --yes or --abandon, got $word" >&2
      exit 64
      ;;
  esac
done
status=0
run_syncctl node remove "$vps" "${yes[@]}" "${abandon[@]}" || status=$?
# Without a row there may still be a record: the predecessor registered the two apart.
if [[ $status -eq 66 ]]; then exec_syncctl domain remove --vps "$vps" "${yes[@]}"; fi
exit "$status"
