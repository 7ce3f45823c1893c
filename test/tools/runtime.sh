#!/usr/bin/env bash
# Puts a Node.js >= 24 into DIR/bin: a link to the machine's own where that is new enough, else the npm package node@24.
set -euo pipefail

dir=${1:?usage: runtime.sh DIR}
wanted=24
mkdir -p "$dir/bin"

major() { "$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'; }

own=$(command -v node || true)
if [ -z "$own" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm >/dev/null
    own=$(command -v node)
  else
    echo "runtime: expected node and npm on PATH, found none; install Debian's packages nodejs and npm, then run make again" >&2
    exit 1
  fi
fi
if [ "$(major "$own")" -ge "$wanted" ]; then
  ln -sfn "$own" "$dir/bin/node"
  exit 0
fi
echo "runtime: node $("$own" --version) is older than $wanted; installing the npm package node@$wanted into ${dir##*/}/" >&2
# This one package needs its install script: it picks the build for this machine.
npm install --prefix "$dir" --no-save --no-progress --loglevel=error --ignore-scripts=false "node@$wanted" >&2
ln -sfn "$dir/node_modules/node/bin/node" "$dir/bin/node"
"$dir/bin/node" --version >/dev/null
