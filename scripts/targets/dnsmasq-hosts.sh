# shellcheck shell=bash disable=SC2034,SC2154 # a part of the installation: it sets and uses the names of install-receiver.sh

# A directory of names that dnsmasq follows by itself, and where it answers; its settings are parsed, never run.
describe_dnsmasq_hosts() {
  local program found='' dir='' dirs=() port=53 address=127.0.0.1 listens=() pid=/run/dnsmasq/dnsmasq.pid reload='' refresh='' probe=''
  program=$(type -P dnsmasq) || lacking dnsmasq 'dnsmasq is not installed on this node'
  dnsmasq_settings
  for dir in ${dirs[@]+"${dirs[@]}"}; do
    [[ -d $ROOT$dir ]] && found=$(readlink -f -- "$ROOT$dir") && break
  done
  if [[ -z $found || ! ${found#"$ROOT"} =~ ^/[A-Za-z0-9._/@+-]+$ ]]; then
    lacking dnsmasq-hostsdir "dnsmasq has no directory of names: make /etc/dnsmasq.hosts.d, write the line hostsdir=/etc/dnsmasq.hosts.d into /etc/dnsmasq.d/sync-controller.conf, restart dnsmasq"
  fi
  [[ $port != 0 ]] || lacking dnsmasq-port 'dnsmasq answers no questions here: its settings say port=0'
  dnsmasq_words "$program"
  dnsmasq_address
  find_temp "$found"
  DESCRIPTION="shape=file
path=${found#"$ROOT"}/sync-controller.hosts
temp=$TEMP
mode=0644
check=dnsmasq-hosts
dns=$address:$port
reload=$reload
refresh=$refresh
probe=$probe"
}

# dirs, port, listens and pid from the files that Debian's dnsmasq reads.
dnsmasq_settings() {
  local file files line
  set +f
  files=("$ROOT"/etc/dnsmasq.conf "$ROOT"/etc/dnsmasq.d/*)
  set -f
  for file in "${files[@]}"; do
    [[ -f $file && -r $file ]] || continue
    while IFS= read -r line || [[ -n $line ]]; do
      [[ $line =~ ^[[:space:]]*(hostsdir|port|listen-address|pid-file)[[:space:]]*=[[:space:]]*\"?([A-Za-z0-9._/@+:,-]+)\"?[[:space:]]*(#.*)?$ ]] || continue
      case ${BASH_REMATCH[1]} in
        hostsdir) dirs+=("${BASH_REMATCH[2]}") ;;
        port) port=${BASH_REMATCH[2]} ;;
        pid-file) pid=${BASH_REMATCH[2]} ;;
        listen-address)
          # shellcheck disable=SC2206 # addresses, split at their commas
          listens+=(${BASH_REMATCH[2]//,/ })
          ;;
      esac
    done <"$file"
  done
  [[ $port =~ ^(0|[1-9][0-9]{0,4})$ ]] || port=53
}

# Its loopback where it listens there, else the first address it is bound to.
dnsmasq_address() {
  local one
  ((${#listens[@]} > 0)) || return 0
  for one in "${listens[@]}"; do
    [[ $one != 127.* ]] || { address=$one && return; }
  done
  address=${listens[0]}
  [[ $address != *:* ]] || address="[$address]"
}

# dnsmasq_words PROGRAM: from 2.87 on it follows changed and removed files by itself, and loses nothing of its cache; a HUP empties
# that, so it is kept for when it did not follow. An older one needs the HUP every time.
dnsmasq_words() {
  local said hup='' alive='' tool
  said=$("$1" --version 2>/dev/null </dev/null)
  if [[ -z $ROOT && -d /run/systemd/system ]] && tool=$(type -P systemctl); then
    hup="$tool reload dnsmasq" alive="$tool is-active --quiet dnsmasq"
  elif tool=$(type -P pkill); then
    hup="$tool -HUP -F $pid" alive="$tool -0 -F $pid"
  fi
  if version_at_least 2.87 "${said%%Copyright*}" && [[ $said != *no-inotify* ]]; then
    refresh=$hup
  elif [[ -n $hup ]]; then
    reload=$hup probe=$alive
  else
    lacking dnsmasq-reload 'this dnsmasq is older than 2.87, and neither systemctl nor pkill is there to make it read its files again'
  fi
}
