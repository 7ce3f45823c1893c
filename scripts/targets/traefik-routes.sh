# shellcheck shell=bash disable=SC2034,SC2154 # a part of the installation: it sets and uses the names of install-receiver.sh

# The directory that Traefik watches, and where its API and entry points answer.
describe_traefik_routes() {
  local dir found='' raw='' web='' websecure=''
  for dir in "$TRAEFIK_DIR" "$HOME_DIR/traefik/config" /etc/traefik/dynamic; do
    [[ -n $dir && -d $ROOT$dir ]] && found=$(readlink -f -- "$ROOT$dir") && break
  done
  if [[ -z $found || ! ${found#"$ROOT"} =~ ^/[A-Za-z0-9._/@+-]+$ ]]; then
    lacking traefik-directory "no directory of Traefik's file provider: tried TRAEFIK_CONFIG_DIR of $HOME_DIR/.mynodeone/config.env, $HOME_DIR/traefik/config, /etc/traefik/dynamic"
  fi
  find_temp "$found"
  answers_tcp 8080 /api/rawdata && raw=http://127.0.0.1:8080/api/rawdata
  answers_tcp 80 && web=80
  answers_tcp 443 && websecure=443
  DESCRIPTION="shape=file
path=${found#"$ROOT"}/mynodeone-routes.yml
temp=$TEMP
mode=0644
check=traefik-routes
raw_url=$raw
web_port=$web
websecure_port=$websecure"
}
