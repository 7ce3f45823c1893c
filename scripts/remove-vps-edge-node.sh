#!/usr/bin/env bash
# The predecessor's other name for the same deed.
set -euo pipefail
exec "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/unregister-vps.sh" "$@"
