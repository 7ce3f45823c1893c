#!/usr/bin/env bash
# The predecessor's way to join a VPS. Traefik itself is the admin's (docker compose); what belongs to the controller is set up here:
# the domain, the DNS record, the node, its host key, the receiver, and a push that proves it.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib/find-syncctl.sh"

usage() {
  printf 'Usage: install-vps-edge-node.sh --name <name> --ip <tailscale ip> --user <login> --public-ip <ip> --domain <domain> [--location <text>] [--yes]\n'
}

name='' ip='' user='' public_ip='' domain='' location='' yes=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --yes | -y)
      yes=(--yes)
      shift
      continue
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    --*)
      if [[ $# -lt 2 ]]; then
        printf '[✗] %s\n' "install-vps-edge-node.sh: expected a value after $1, got nothing" >&2
        exit 64
      fi
      ;;
  esac
  case $1 in
    --name) name=$2 ;;
    --ip) ip=$2 ;;
    --user) user=$2 ;;
    --public-ip) public_ip=$2 ;;
    --domain) domain=$2 ;;
    --location) location=$2 ;;
    # Certificates are Traefik's own business.
    --email) ;;
    *)
      usage
      exit 1
      ;;
  esac
  shift 2
done
if [[ -z $name || -z $ip || -z $user || -z $public_ip || -z $domain ]]; then
  usage
  exit 1
fi
run_syncctl domain add "$domain"
run_syncctl domain add --vps "$ip" --public-ip "$public_ip" --location "$location"
exec_syncctl node add "$ip" --type vps_nodes --name "$name" --user "$user" "${yes[@]}"
