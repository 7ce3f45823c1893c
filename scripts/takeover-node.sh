#!/bin/bash
# What the predecessor left on a node: looks at it, disarms its scripts, and puts all of it back. The controller streams this text
# to `bash -s` (as root, or through `sudo -n bash -s`); what follows on stdin is one line of tokens, and for `restore` counted bytes:
#   SCT1 <nonce> <action> <login user> <kinds joined by . or -> <base64 paths joined by , or -> <sha256 of now or -> <absent|mode:uid:gid or -> <length> <sha256 or ->
# Actions: survey (never writes), disarm (paths: checkouts), rearm (paths: scripts), restore (path: one file of before).
# shellcheck disable=SC2317 # actions are called by their names
set -u -f
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset BASH_ENV ENV CDPATH GLOBIGNORE TMPDIR POSIXLY_CORRECT
IFS=$' \t\n'
umask 022

readonly KEPT=.before-sync-controller DISARMED_LINE='# Disarmed by sync-controller.' CONTENT_MAX=1048576
readonly PLAIN_PATH='^/[A-Za-z0-9._/@+-]+$'
NONCE=- ACTION=- LOGIN=- KINDS=- BASE=- LIKE=- LENGTH=0 SHA=- HOME_DIR='' TRAEFIK_DIR='' TARGET='' PUBLIC_DOMAIN='' NEW=''
PATHS=() FILES_JSON='' SCRIPTS_JSON='' WRITERS_JSON='' CALLERS_JSON=''

# answer RESULT CODE [TEXT]: one JSON line; never returns.
answer() {
  local text='' receiver=false
  [[ ! -e /usr/local/lib/sync-controller/receive ]] || receiver=true
  [[ -z ${3-} ]] || text=$(printf '%s' "${3:0:2000}" | base64 | tr -d '\n')
  [[ -z $NEW ]] || rm -f -- "$NEW"
  printf '\n{"sc":1,"nonce":"%s","result":"%s","receiver":%s,"public_domain":"%s","files":[%s],"scripts":[%s],"writers":[%s],"callers":[%s],"text":"%s"}\n' \
    "$NONCE" "$1" "$receiver" "$PUBLIC_DOMAIN" "$FILES_JSON" "$SCRIPTS_JSON" "$WRITERS_JSON" "$CALLERS_JSON" "$text"
  exit "$2"
}

run() {
  local talk
  talk=$("$@" 2>&1 </dev/null) || answer IO 42 "$talk"
}

read_header() {
  local line tokens word path
  IFS= read -r -t 30 line || answer REQUEST 20 'no header line came'
  # shellcheck disable=SC2206 # split at blanks; -f forbids globs
  tokens=($line)
  [[ $line =~ ^[A-Za-z0-9._:@/+=,\ -]{1,16000}$ && ${#tokens[@]} == 10 && ${tokens[0]} == SCT1 ]] || answer REQUEST 20 'expected a header line of 10 tokens that begins with SCT1'
  [[ ${tokens[1]} =~ ^[a-z0-9]{16,64}$ ]] || answer REQUEST 20 'token 2 is no nonce'
  NONCE=${tokens[1]} ACTION=${tokens[2]} LOGIN=${tokens[3]} KINDS=${tokens[4]} BASE=${tokens[6]} LIKE=${tokens[7]} LENGTH=${tokens[8]} SHA=${tokens[9]}
  [[ $LOGIN =~ ^(-|[A-Za-z_][A-Za-z0-9_.-]{0,31})$ && $KINDS =~ ^(-|[a-z][a-z0-9.-]{0,100})$ ]] || answer REQUEST 20 'tokens 4 and 5: expected a login and kinds'
  [[ $BASE =~ ^(-|absent|[0-9a-f]{64})$ && $LIKE =~ ^(-|absent|[0-7]{3,4}:[0-9]{1,10}:[0-9]{1,10})$ ]] || answer REQUEST 20 'tokens 7 and 8: expected a digest and an owner'
  [[ $LENGTH =~ ^[0-9]{1,7}$ && $SHA =~ ^(-|[0-9a-f]{64})$ ]] || answer REQUEST 20 'tokens 9 and 10: expected a length and a digest'
  read_home
  [[ ${tokens[5]} != - ]] || return 0
  for word in ${tokens[5]//,/ }; do
    path=$(printf '%s' "$word" | base64 -d 2>/dev/null) || answer REQUEST 20 'token 6 is not base64'
    # shellcheck disable=SC2088 # the text of a registry
    [[ $path != '~/'* ]] || path=$HOME_DIR/${path:2}
    [[ $path =~ $PLAIN_PATH && $path != */../* ]] || answer REQUEST 20 'token 6: expected absolute paths of [A-Za-z0-9._/@+-]'
    PATHS+=("$path")
  done
}

# The home of the login user, and what the predecessor's settings say; they are parsed, never sourced.
read_home() {
  local entry line value
  if [[ $LOGIN != - ]]; then
    entry=$(getent passwd "$LOGIN" 2>/dev/null </dev/null)
    HOME_DIR=${entry#*:*:*:*:*:}
    HOME_DIR=${HOME_DIR%%:*}
  fi
  [[ $HOME_DIR =~ $PLAIN_PATH ]] || HOME_DIR=/root
  [[ -f $HOME_DIR/.mynodeone/config.env ]] || return 0
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^(export\ )?(PUBLIC_DOMAIN|TRAEFIK_CONFIG_DIR)=[\"\']?([A-Za-z0-9._/@+~\$-]*)[\"\']?[[:space:]]*$ ]] || continue
    value=${BASH_REMATCH[3]}
    if [[ ${BASH_REMATCH[2]} == TRAEFIK_CONFIG_DIR ]]; then
      # shellcheck disable=SC2016,SC2088 # the text of somebody's settings
      case $value in '~/'* | '$HOME/'*) value=$HOME_DIR/${value#*/} ;; esac
      [[ $value =~ $PLAIN_PATH ]] && TRAEFIK_DIR=$value
    elif [[ $value =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]]; then
      PUBLIC_DOMAIN=$value
    fi
  done <"$HOME_DIR/.mynodeone/config.env"
}

# target_of KIND: sets TARGET to the file that a push of this kind writes, as the enrolment would find it.
target_of() {
  local dir line
  TARGET=''
  if [[ -f /etc/sync-controller/targets.d/$1 ]]; then
    while IFS= read -r line; do [[ $line != path=* ]] || TARGET=${line#path=}; done <"/etc/sync-controller/targets.d/$1"
  elif [[ $1 == hosts ]]; then
    TARGET=/etc/hosts
  elif [[ $1 == traefik-routes ]]; then
    for dir in "$TRAEFIK_DIR" "$HOME_DIR/traefik/config" /etc/traefik/dynamic; do
      [[ -n $dir && -d $dir ]] && TARGET=$(readlink -f -- "$dir")/mynodeone-routes.yml && break
    done
  fi
  [[ $TARGET =~ $PLAIN_PATH ]]
}

sha_of() {
  local out
  out=$(sha256sum <"$1") && printf '%s' "${out%% *}"
}

# report_file KIND PATH: digest, owner and content of what stands there.
report_file() {
  local state=absent like='' sha='' content=''
  if [[ -L $2 || (-e $2 && ! -f $2) ]]; then
    state=other
  elif [[ -f $2 ]]; then
    state='file'
    like=$(stat -c '%a:%u:%g' -- "$2")
    sha=$(sha_of "$2")
    if (($(stat -c %s -- "$2") <= CONTENT_MAX)); then content=$(base64 -w 0 <"$2"); else state=large; fi
  fi
  FILES_JSON+=${FILES_JSON:+,}"{\"kind\":\"$1\",\"path\":\"$2\",\"state\":\"$state\",\"like\":\"$like\",\"sha\":\"$sha\",\"content\":\"$content\"}"
}

# each_script FUNCTION: for every script of the predecessor that writes what we write, once, wherever its checkout stands.
each_script() {
  local dir name real seen=' '
  for dir in ${PATHS[@]+"${PATHS[@]}"} "$HOME_DIR/mynodeone" "$HOME_DIR/MyNodeOne" /root/mynodeone /root/MyNodeOne; do
    for name in sync-vps-routes.sh sync-dns.sh update-laptop-dns.sh setup-client-dns.sh configure-app-dns.sh; do
      [[ -f $dir/scripts/$name && ! -L $dir/scripts/$name ]] || continue
      real=$(readlink -f -- "$dir/scripts/$name")
      [[ $real =~ $PLAIN_PATH && $seen != *" $real "* ]] || continue
      # Our own files carry the predecessor's names; they are not his.
      [[ $'\n'$(<"$real") != *$'\n# check: '* ]] || continue
      seen+="$real "
      "$1" "$real"
    done
  done
}

is_disarmed() {
  local lines=()
  mapfile -n 2 -t lines <"$1"
  [[ ${lines[1]-} == "$DISARMED_LINE"* || ${lines[1]-} == '# Replaced by sync-controller.'* ]]
}

report_script() {
  local armed=true
  ! is_disarmed "$1" || armed=false
  SCRIPTS_JSON+=${SCRIPTS_JSON:+,}"{\"path\":\"$1\",\"armed\":$armed,\"sha\":\"$(sha_of "$1")\"}"
}

# What else rewrites the hosts file here; the controller has the words for it. Starting a program costs more than reading a file.
report_writers() {
  local file line value='' from='' version='' wsl=''
  set +f
  for file in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg; do
    [[ -f $file ]] || continue
    # Of several files the last one counts.
    while IFS= read -r line || [[ -n $line ]]; do
      [[ ! $line =~ ^[[:space:]]*manage_etc_hosts[[:space:]]*:[[:space:]]*[\"\']?([A-Za-z]*) ]] || value=${BASH_REMATCH[1],,} from=$file
    done <"$file"
  done
  set -f
  case $value in true | localhost | template) writer cloud-init "$from" ;; esac
  [[ ! -e /etc/NIXOS ]] || writer nixos /etc/nixos/configuration.nix
  [[ ! -r /proc/version ]] || IFS= read -r version </proc/version
  [[ ! -r /etc/wsl.conf ]] || wsl=$(</etc/wsl.conf)
  if [[ ${version,,} == *microsoft* && ! ${wsl,,} =~ generatehosts[[:space:]]*=[[:space:]]*false ]]; then writer wsl /etc/wsl.conf; fi
  [[ ! -e /.dockerenv && ! -e /run/.containerenv ]] || writer container /etc/hosts
  [[ ! -L /etc/hosts ]] || writer symlink /etc/hosts
}

writer() {
  [[ $2 =~ $PLAIN_PATH ]] && WRITERS_JSON+=${WRITERS_JSON:+,}"{\"name\":\"$1\",\"path\":\"$2\"}"
}

# Tables of cron and units that call the predecessor's scripts by themselves.
report_callers() {
  local file files=()
  set +f
  for file in /etc/crontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /var/spool/cron/crontabs/* /var/spool/cron/* /etc/systemd/system/*.service; do
    [[ -f $file && ! -L $file && $file =~ $PLAIN_PATH ]] && files+=("$file")
  done
  set -f
  ((${#files[@]} > 0)) || return 0
  while IFS= read -r file; do
    CALLERS_JSON+=${CALLERS_JSON:+,}"\"$file\""
  done < <(grep -lsE 'scripts/(lib/)?(sync-dns|sync-vps-routes|update-laptop-dns|sync-controller)[.]sh' -- "${files[@]}")
}

do_survey() {
  local kind
  if [[ $KINDS != - ]]; then
    for kind in ${KINDS//./ }; do
      ! target_of "$kind" || report_file "$kind" "$TARGET"
    done
  fi
  each_script report_script
  report_writers
  report_callers
  answer SURVEYED 0
}

# disarm_script PATH: the original stays beside under another name; a newer one that a pull has brought is kept instead.
disarm_script() {
  local new=$1.$$.new
  if ! is_disarmed "$1"; then
    rm -f -- "$new"
    NEW=$new
    cat >"$new" <<DISARMED || answer IO 42 "cannot write beside $1"
#!/bin/bash
$DISARMED_LINE The original is $(basename -- "$1")$KEPT; what it wrote is pushed and verified from the control plane.
printf '[INFO] %s\n' "\$(basename -- "\$0") does nothing any more: this node is served by sync-controller (syncctl, on the control plane)." >&2
DISARMED
    run chown --reference="$1" -- "$new"
    run chmod --reference="$1" -- "$new"
    run cp -p -- "$1" "$1$KEPT.new"
    run sync -- "$new" "$1$KEPT.new"
    run mv -fT -- "$1$KEPT.new" "$1$KEPT"
    run mv -fT -- "$new" "$1"
    run sync -- "$(dirname -- "$1")"
    NEW=''
  fi
  report_script "$1"
}

do_disarm() {
  each_script disarm_script
  answer DISARMED 0
}

do_rearm() {
  local path
  for path in ${PATHS[@]+"${PATHS[@]}"}; do
    # What is no disarmed script of ours any more is somebody's newer script.
    if [[ -f $path$KEPT && -f $path && ! -L $path ]] && is_disarmed "$path"; then run mv -fT -- "$path$KEPT" "$path"; fi
    [[ ! -f $path ]] || report_script "$path"
  done
  answer REARMED 0
}

# The file of before, unless somebody changed it since it was looked at.
do_restore() {
  local path=${PATHS[0]-} now=absent dir
  [[ -n $path && $LIKE != - ]] || answer REQUEST 20 'restore: expected a path and an owner'
  [[ ! -L $path && (! -e $path || -f $path) ]] || answer TARGET 43 "$path is no plain file"
  [[ ! -f $path ]] || now=$(sha_of "$path")
  [[ $now == "$BASE" ]] || answer MOVED 44 "$path was changed meanwhile"
  if [[ $LIKE == absent ]]; then
    run rm -f -- "$path"
  else
    dir=$(dirname -- "$path")
    NEW=$dir/.sync-controller.$$.restore
    [[ $path != /etc/hosts ]] || NEW=/etc/.hosts.$$.restore
    rm -f -- "$NEW"
    (umask 077 && head -c "$LENGTH" >"$NEW") || answer IO 42 "cannot write below $dir"
    [[ $(sha_of "$NEW") == "$SHA" ]] || answer ALTERED 22 'the bytes did not arrive whole'
    [[ $now == absent ]] || run cp --attributes-only --preserve=all --no-preserve=timestamps -- "$path" "$NEW"
    run chown "${LIKE#*:}" -- "$NEW"
    run chmod "${LIKE%%:*}" -- "$NEW"
    run sync -- "$NEW"
    # A mounted file cannot be replaced, only written.
    mv -fT -- "$NEW" "$path" 2>/dev/null || run cp -- "$NEW" "$path"
    run sync -- "$path" "$dir"
  fi
  answer RESTORED 0
}

main() {
  read_header
  case $ACTION in
    survey | disarm | rearm | restore) "do_$ACTION" ;;
    *) answer REQUEST 20 'token 3: the action is not known' ;;
  esac
}

# One line: after it, stdin holds no more script.
# shellcheck disable=SC2317 # main answers and exits
{ main "$@"; exit; }
