#!/usr/bin/env bash
# The predecessor's name for the service registry: syncctl does the work.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/find-syncctl.sh"

register() {
  local name=${1:?expected a name} subdomain=${2-$1} namespace=${3:-} service=${4:-} port=${5:-} public=${6:-false}
  local words=("$name" "$subdomain")
  [[ -n $namespace && -n $service ]] && words+=(--kubernetes "$namespace/$service")
  [[ -n $port ]] && words+=(--port "$port")
  [[ $public == true ]] && words+=(--public)
  exec_syncctl service register "${words[@]}"
}

command=${1:-}
[[ $# -gt 0 ]] && shift
case $command in
  register) register "$@" ;;
  unregister) exec_syncctl service unregister "$@" ;;
  get) exec_syncctl service show "${1:?expected a name}" -o json ;;
  list) exec_syncctl service list -o json ;;
  sync) exec_syncctl service discover --yes ;;
  init) nothing_to_do 'init: the registry is written when something is registered' ;;
  export-dns | export-traefik)
    printf '[✗] %s\n' "$command: expected a node, because every node gets its own bytes; syncctl render <node>" >&2
    exit 64
    ;;
  *)
    printf 'Usage: service-registry.sh register <name> <subdomain> <namespace> <service> <port> [public] | unregister <name> | get <name> | list | sync\nAll of it is syncctl now: syncctl help service\n'
    exit 1
    ;;
esac
