#!/usr/bin/env bash
# The predecessor's audit of the registries: syncctl validate finds all of it and more.
set -euo pipefail
# shellcheck source=scripts/lib/find-syncctl.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib/find-syncctl.sh"
exec_syncctl validate "$@"
