# shellcheck shell=bash disable=SC2034,SC2154 # a part of the installation: it sets and uses the names of install-receiver.sh

# A file that the Caddyfile imports, and how Caddy is told of it; the Caddyfile is parsed, never run.
describe_caddy_routes() {
  local main=/etc/caddy/Caddyfile path='' imports=() admin=localhost:2019 web=80 websecure=443 raw='' reload probe='' tool
  tool=$(type -P caddy) || lacking caddy 'caddy is not installed on this node'
  [[ -r $ROOT$main ]] || lacking caddyfile "there is no $main on this node"
  caddy_settings "$ROOT$main"
  caddy_place
  [[ -n $path ]] || lacking caddy-import "the Caddyfile imports no file of ours: write the line import sync-controller*.caddy at the end of $main, outside of every block; with the asterisk, because a file that is imported by its plain name must never be missing"
  [[ $admin != off ]] || lacking caddy-admin "Caddy takes new routes through its admin API: take the line admin off out of $main"
  if [[ $admin =~ ^(localhost|127[.]0[.]0[.]1|0[.]0[.]0[.]0|)?:([1-9][0-9]{0,4})$ ]]; then
    raw=http://127.0.0.1:${BASH_REMATCH[2]}/config/
  fi
  reload="$tool reload --config $main --adapter caddyfile"
  if [[ -z $ROOT && -d /run/systemd/system ]] && tool=$(type -P systemctl); then
    # The service has its own environment, which the Caddyfile may name.
    reload="$tool reload caddy" probe="$tool is-active --quiet caddy"
  elif [[ -n $raw ]] && tool=$(type -P curl); then
    probe="$tool -q -s -f -m 2 -o /dev/null $raw"
  fi
  find_temp "${ROOT}${path%/*}"
  DESCRIPTION="shape=file
path=$path
temp=$TEMP
mode=0644
check=caddy-routes
raw_url=$raw
web_port=$web
websecure_port=$websecure
reload=$reload
probe=$probe"
}

# caddy_settings FILE: imports, and of the global options (the block without a name) the admin API and the ports.
caddy_settings() {
  local line words depth=0 global='' begun=''
  while IFS= read -r line || [[ -n $line ]]; do
    # shellcheck disable=SC2206 # words; -f forbids globs
    words=(${line%%[[:blank:]]#*})
    [[ ${#words[@]} != 0 && ${words[0]} != '#'* ]] || continue
    [[ -n $begun || ${words[*]} != '{' ]] || global=1
    begun=1
    case ${words[0]} in
      import) ((depth > 0)) || imports+=("${words[1]-}") ;;
      admin) [[ -z $global ]] || admin=${words[1]-} ;;
      http_port) [[ -z $global || ! ${words[1]-} =~ ^[1-9][0-9]{0,4}$ ]] || web=${words[1]} ;;
      https_port) [[ -z $global || ! ${words[1]-} =~ ^[1-9][0-9]{0,4}$ ]] || websecure=${words[1]} ;;
    esac
    [[ ${words[-1]} != '{' ]] || depth=$((depth + 1))
    [[ ${words[0]} != '}' ]] || depth=$((depth - 1))
    ((depth > 0)) || global=''
  done <"$1"
}

# Sets path to a file that one of the imports takes in, and misses without complaint once it is gone.
caddy_place() {
  local import one
  for import in ${imports[@]+"${imports[@]}"}; do
    [[ $import == *['*?']* ]] || continue
    [[ $import == /* ]] || import=/etc/caddy/$import
    one=${import%/*}/sync-controller.caddy
    # shellcheck disable=SC2053 # a pattern is meant
    [[ $one =~ ^/[A-Za-z0-9._/@+-]+$ && $one == $import && -d $ROOT${one%/*} ]] || continue
    path=$one
    return
  done
}
