#!/usr/bin/env bash
# The predecessor's way to switch the daemon on; the unit comes from deploy/sync-controller.service.
set -euo pipefail
systemctl daemon-reload
systemctl enable sync-controller.service
exec systemctl restart sync-controller.service
