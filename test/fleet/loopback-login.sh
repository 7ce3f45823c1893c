#!/bin/sh
# What a login on a loopback node runs instead of the real shell: the same command, with the node's own root and home.
FLEET_ROOT=$1 HOME=$1/home
export FLEET_ROOT HOME
cd "$HOME" || exit 1
if [ -n "${SSH_ORIGINAL_COMMAND:-}" ]; then exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"; fi
exec /bin/sh
