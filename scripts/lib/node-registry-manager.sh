#!/usr/bin/env bash
# The predecessor's name for the node registry: syncctl does the work. There is no local copy of the registry any more.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/find-syncctl.sh"

command=${1:-}
[[ $# -gt 0 ]] && shift
case $command in
  # A seventh word was the path of a checkout on the node; nothing is executed from there any more.
  register) exec_syncctl register "${@:1:5}" ;;
  get) exec_syncctl node list --type "${1:?expected a node type}" -o json ;;
  stats) exec_syncctl node stats ;;
  init | sync-from | sync-to) nothing_to_do "$command: the registry is read where it stands and written when something changes" ;;
  *)
    printf 'Usage: node-registry-manager.sh init | register <type> <ip> [name] [user] [port] | get <type> | stats\nAll of it is syncctl now: syncctl help node\n'
    exit 1
    ;;
esac
