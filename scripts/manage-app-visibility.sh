#!/usr/bin/env bash
# The predecessor's way to make an app public or private and to push at once: syncctl does the work.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib/find-syncctl.sh"

publish() {
  local words=("${1:?expected a service}" --push)
  [[ -n ${2:-} ]] && words+=(--domain "$2")
  [[ -n ${3:-} ]] && words+=(--vps "$3")
  exec_syncctl service publish "${words[@]}"
}

case ${1:-} in
  public) publish "${@:2}" ;;
  private) exec_syncctl service unpublish "${2:?expected a service}" --push ;;
  *)
    printf 'Usage: manage-app-visibility.sh public <service> [domains] [vps] | private <service>\nAll of it is syncctl now: syncctl help service publish\n'
    exit 1
    ;;
esac
