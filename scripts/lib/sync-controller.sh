#!/usr/bin/env bash
# The predecessor's name for the controller: its documented commands go on working, and syncctl does the work.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/find-syncctl.sh"

usage() {
  cat <<'TEXT'
Usage: sync-controller.sh <command>

  register <type> <ip> [name] [user] [port]   register a node
  push                                        push to all nodes now
  watch                                       push when the registries change
  reconcile [hours]                           push to all nodes every so many hours (default 1)
  daemon [hours]                              watch and reconcile (default 1 hour)
  health                                      state of every node

All of it is syncctl now: syncctl --help
TEXT
}

command=${1:-}
[[ $# -gt 0 ]] && shift
case $command in
  register | push | watch | health) exec_syncctl "$command" "$@" ;;
  reconcile | daemon) exec_syncctl "$command" "${1:-1}" ;;
  *)
    usage
    exit 1
    ;;
esac
