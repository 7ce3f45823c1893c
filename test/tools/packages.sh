#!/usr/bin/env bash
# Sees to programs from Debian packages: installs missing ones as root, else says which to install. Arguments: package:program …
set -euo pipefail

wanted=("$@")
if [ ${#wanted[@]} -eq 0 ]; then
  wanted=(openssh-server:sshd openssh-client:ssh-keygen util-linux:flock iproute2:ip sudo:sudo curl:curl shellcheck:shellcheck strace:strace dnsmasq-base:dnsmasq caddy:caddy openssl:openssl prometheus:promtool debootstrap:debootstrap systemd-container:systemd-nspawn debhelper:dh dpkg-dev:dpkg-buildpackage lintian:lintian groff-base:groff chromium:chromium)
fi
missing=()
for pair in "${wanted[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${pair#*:}" >/dev/null 2>&1 || missing+=("${pair%%:*}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "packages: installing ${missing[*]}" >&2
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  # The tests start them themselves, or need a tool of them only; on this machine they would take the ports of somebody else.
  for server in caddy prometheus prometheus-node-exporter; do
    if [[ -d /run/systemd/system && " ${missing[*]} " == *" ${server%-node-exporter} "* ]]; then
      systemctl disable --now --quiet "$server" || true
    fi
  done
  exit 0
fi
echo "packages: ${missing[*]} missing; tests that need them are skipped (to enable them: sudo apt-get install ${missing[*]})" >&2
