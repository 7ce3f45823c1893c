# shellcheck shell=bash disable=SC2154 # the lines above set the names in capitals
# Puts everything on this node that fetches its configuration: the receiver, the script, its token, its units. The lines above
# hold what is installed; they were made for this node alone.

say() {
  printf '%s\n' "$*" >&2
}

stop() {
  say "[✗] $1"
  exit 1
}

# put MODE PATH: stdin becomes the file, at once and never readable in between.
put() {
  if ! { cat >"$2.new" && chmod "$1" "$2.new" && mv -f -- "$2.new" "$2"; }; then
    stop "$2 cannot be written"
  fi
}

main() {
  local conf=/etc/sync-controller/pull lib=/usr/local/lib/sync-controller answer
  ((EUID == 0)) || stop 'expected root: end the line with | sudo bash'
  type -P curl >/dev/null || stop 'expected curl: apt-get install -y curl'
  answer=$(receiver_install | bash -s)
  case $answer in
    *'"result":"ENROLLED"'* | *'"result":"LOWER"'*) ;;
    *) stop "the receiver cannot be installed: $answer" ;;
  esac
  if ! { mkdir -p -- "$conf" && chmod 0755 "${conf%/*}" && chmod 0700 "$conf"; }; then
    stop "$conf cannot be made"
  fi
  pull_script | put 0755 "$lib/pull-node"
  printf 'url=%s\npin=%s\nnode=%s\n' "$URL" "$PIN" "$NODE" | put 0600 "$conf/config"
  printf 'Authorization: Bearer %s\n' "$TOKEN" | put 0600 "$conf/token"
  if [[ ! -d /run/systemd/system ]]; then
    say "[✓] $NODE is set up; no systemd runs here: have $lib/pull-node started at boot, or every minute by cron"
    exit 0
  fi
  pull_service | put 0644 /etc/systemd/system/sync-controller-pull.service
  pull_timer | put 0644 /etc/systemd/system/sync-controller-pull.timer
  if ! { systemctl daemon-reload && systemctl enable --quiet --now sync-controller-pull.timer; }; then
    stop 'the timer cannot be started'
  fi
  systemctl restart --no-block sync-controller-pull.service
  say "[✓] $NODE fetches its configuration from $URL"
}

# stdin is this script: whatever is missing of it, nothing has run before this line.
{ main </dev/null; exit; }
