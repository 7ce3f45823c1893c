#!/usr/bin/env bash
# The predecessor's name for the domain registry: syncctl does the work.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/find-syncctl.sh"

register_domain() {
  local domain=${1:?expected a domain} words=()
  [[ -n ${2:-} ]] && words=(--description "$2")
  exec_syncctl domain add "$domain" "${words[@]}"
}

# The provider was accepted and thrown away by the predecessor, too.
register_vps() {
  exec_syncctl domain add --vps "${1:?expected the Tailscale address}" --public-ip "${2:?expected the public address}" --location "${3:-}"
}

# Domains and VPS nodes come joined by commas; they replace what was there.
configure_routing() {
  local words=(--only --domain "${2:?expected domains}")
  [[ -n ${3:-} ]] && words+=(--vps "$3")
  [[ -n ${4:-} ]] && words+=(--strategy "$4")
  exec_syncctl domain route "${1:?expected a service}" "${words[@]}"
}

command=${1:-}
[[ $# -gt 0 ]] && shift
case $command in
  register-domain) register_domain "$@" ;;
  unregister-domain) exec_syncctl domain remove "${1:?expected a domain}" --yes ;;
  register-vps) register_vps "$@" ;;
  unregister-vps) exec_syncctl domain remove --vps "${1:?expected the Tailscale address}" --yes ;;
  configure-routing) configure_routing "$@" ;;
  export-vps-routes) exec_syncctl render "vps_nodes@${1:?expected the Tailscale address}" ;;
  show) exec_syncctl domain list ;;
  init) nothing_to_do 'init: the registry is written when something is registered' ;;
  *)
    printf 'Usage: multi-domain-registry.sh register-domain <domain> [description] | unregister-domain <domain> | register-vps <tailscale ip> <public ip> [region] | unregister-vps <tailscale ip> | configure-routing <service> <domains> [vps] [strategy] | export-vps-routes <tailscale ip> | show\nAll of it is syncctl now: syncctl help domain\n'
    exit 1
    ;;
esac
