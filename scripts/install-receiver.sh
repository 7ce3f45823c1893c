#!/bin/bash
# Puts the receiver on a node, or takes it away again. The controller streams the files of targets/, each with the function
# `describe_<kind>` that looks for the place of one kind on the node, and then this text to `bash -s` (as root, or through
# `sudo -n bash -s`); what follows on stdin is one line of tokens and the counted bytes of the receiver:
#   SCI1 <nonce> <version> <length> <sha256> <kinds joined by . or -> <login user> <flags joined by . or ->
# Flags: replace (other bytes of the same version may go), retarget (write targets.d anew), remove (take everything out).
# `--root DIR` keeps everything below DIR, for tests; it is refused as root.
# shellcheck disable=SC2034,SC2317 # the files of targets/ use these names and functions
set -u -f
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset BASH_ENV ENV CDPATH GLOBIGNORE TMPDIR POSIXLY_CORRECT
IFS=$' \t\n'
umask 022

ROOT='' NONCE=- VERSION=- LENGTH=0 SHA=- KINDS=- LOGIN=- FLAGS=- HOME_DIR=''
PREVIOUS='' PUBLIC_DOMAIN='' TEXT='' MISSING='' TARGETS_JSON='' NEW=''

# answer RESULT CODE: one JSON line as the receiver writes it; never returns.
answer() {
  local text='' facts
  if [[ -n $NEW ]]; then
    rm -f -- "$NEW"
  fi
  [[ -z $TEXT ]] || text=$(printf '%s' "${TEXT:0:2000}" | base64 | tr -d '\n')
  facts="{\"bash\":\"${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]}\",\"getent\":$(has getent),\"curl\":$(has curl),\"systemd\":$(has systemd-run)"
  facts+=",\"selinux\":$([[ -e /sys/fs/selinux/enforce ]] && echo true || echo false)}"
  printf '\n{"sc":1,"nonce":"%s","result":"%s","code":%d,"version":"%s","previous":"%s","missing":[%s],"targets":[%s],"public_domain":"%s","facts":%s,"text":"%s"}\n' \
    "$NONCE" "$1" "$2" "$VERSION" "$PREVIOUS" "$MISSING" "$TARGETS_JSON" "$PUBLIC_DOMAIN" "$facts" "$text"
  exit "$2"
}

fail() {
  TEXT=$3
  answer "$1" "$2"
}

has() {
  if type -P "$1" >/dev/null; then echo true; else echo false; fi
}

has_flag() {
  [[ .$FLAGS. == *.$1.* ]]
}

# run COMMAND...: its complaint ends the installation.
run() {
  local talk
  talk=$("$@" 2>&1 </dev/null) || fail IO 42 "$talk"
}

missing() {
  MISSING+=${MISSING:+,}\"$1\"
}

# version_at_least WANTED TEXT: the first number like 8.24 in TEXT is at least WANTED.
version_at_least() {
  [[ $2 =~ ([0-9]+)[.]([0-9]+) ]] || return 1
  local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  ((10#$major > ${1%.*} || (10#$major == ${1%.*} && 10#$minor >= ${1#*.})))
}

# What the receiver needs, and by which name a person installs it.
probe_node() {
  local tool path out
  ((BASH_VERSINFO[0] > 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4))) || missing 'bash>=4.4'
  [[ -x /bin/bash ]] || missing '/bin/bash'
  out=$(sync --version 2>/dev/null </dev/null)
  if [[ $out != *coreutils* ]] || ! version_at_least 8.24 "$out"; then
    missing 'coreutils>=8.24'
  fi
  out=$(flock --version 2>/dev/null </dev/null)
  [[ $out == *util-linux* ]] || missing 'util-linux-flock'
  for tool in sha256sum base64 head stat cp mv rm mkdir dd truncate timeout; do
    type -P "$tool" >/dev/null || missing "$tool"
  done
  [[ -r /proc/self/fdinfo/0 && -r /proc/uptime ]] || missing '/proc'
  for path in /usr/local/lib /etc /var/lib; do
    mkdir -p -- "$ROOT$path/sync-controller" 2>/dev/null
    [[ -w $ROOT$path/sync-controller ]] || missing "writable:$path"
  done
  [[ -z $MISSING ]] || fail MISSING 23 "this node lacks what the receiver needs: $MISSING"
}

read_header() {
  local line tokens
  IFS= read -r -t 30 line || fail REQUEST 20 'no header line came'
  # shellcheck disable=SC2206 # split at blanks; -f forbids globs
  tokens=($line)
  [[ $line =~ ^[A-Za-z0-9._:@\ -]{1,800}$ && ${#tokens[@]} == 8 && ${tokens[0]} == SCI1 ]] || fail REQUEST 20 'expected a header line of 8 tokens that begins with SCI1'
  [[ ${tokens[1]} =~ ^[a-z0-9]{16,64}$ ]] || fail REQUEST 20 'token 2 is no nonce'
  NONCE=${tokens[1]} VERSION=${tokens[2]} LENGTH=${tokens[3]} SHA=${tokens[4]} KINDS=${tokens[5]} LOGIN=${tokens[6]} FLAGS=${tokens[7]}
  [[ $VERSION =~ ^[0-9]{1,4}[.][0-9]{1,4}[.][0-9]{1,4}$ ]] || fail REQUEST 20 'token 3 is no version'
  [[ $LENGTH =~ ^[0-9]{1,7}$ && $SHA =~ ^(-|[0-9a-f]{64})$ ]] || fail REQUEST 20 'tokens 4 and 5: expected a length and a digest'
  [[ $KINDS =~ ^(-|[a-z][a-z0-9-]{0,31}([.][a-z][a-z0-9-]{0,31})*)$ ]] || fail REQUEST 20 'token 6: expected kinds joined by dots'
  [[ $LOGIN =~ ^(-|[A-Za-z_][A-Za-z0-9_.-]{0,31})$ ]] || fail REQUEST 20 'token 7 is no login name'
  [[ $FLAGS =~ ^(-|(replace|retarget|remove)([.](replace|retarget|remove))*)$ ]] || fail REQUEST 20 'token 8: a flag is not known'
}

# The bytes go beside their place under a name of this process; nothing of it counts before its digest does.
receive_bytes() {
  local dir=$ROOT/usr/local/lib/sync-controller out
  ((LENGTH > 0)) || return 0
  NEW=$dir/.receive.$$.new
  rm -f -- "$NEW"
  (umask 077 && head -c "$LENGTH" >"$NEW") || fail IO 42 "cannot write below $dir"
  [[ $(stat -c %s -- "$NEW") == "$LENGTH" ]] || fail TRUNCATED 21 "expected $LENGTH bytes of the receiver, got fewer"
  out=$(sha256sum -- "$NEW" </dev/null)
  [[ ${out%% *} == "$SHA" ]] || fail ALTERED 22 "the receiver hashes to ${out%% *}"
}

take_lock() {
  local state=$ROOT/var/lib/sync-controller
  run chmod 0700 "$state"
  run mkdir -p -m 0700 -- "$state/tmp" "$state/owners" "$state/backup" "$state/inplace" "$state/clusters"
  exec 9>>"$state/lock"
  flock -w 5 9 || fail BUSY 15 'another request holds the lock of this node'
}

# compare VERSION VERSION: COMPARED is -1, 0 or 1.
compare() {
  local one two i
  IFS=. read -r -a one <<<"$1"
  IFS=. read -r -a two <<<"$2"
  COMPARED=0
  for i in 0 1 2; do
    if ((10#${one[i]} != 10#${two[i]})); then
      COMPARED=$((10#${one[i]} < 10#${two[i]} ? -1 : 1))
      return
    fi
  done
}

install_receiver() {
  local dir=$ROOT/usr/local/lib/sync-controller file link
  file=$dir/receive-$VERSION
  link=$(readlink -- "$dir/receive" 2>/dev/null)
  if [[ $link =~ ^receive-([0-9]+[.][0-9]+[.][0-9]+)$ ]]; then
    PREVIOUS=${BASH_REMATCH[1]}
    compare "$VERSION" "$PREVIOUS"
    ((COMPARED >= 0)) || fail LOWER 24 "receiver $PREVIOUS is here; it is never replaced by the lower $VERSION"
  fi
  [[ -n $NEW ]] || return 0
  if [[ -f $file ]] && ! cmp_files "$NEW" "$file" && ! has_flag replace; then
    fail DIFFERS 25 "receiver $VERSION is here with other bytes; expected the flag replace"
  fi
  run chmod 0755 "$NEW"
  [[ $("$NEW" --version 2>/dev/null </dev/null) == "$VERSION" ]] || fail BROKEN 26 "the receiver does not run on this node as version $VERSION"
  run sync -- "$NEW"
  run mv -fT -- "$NEW" "$file"
  NEW=''
  run ln -sfnT "receive-$VERSION" "$dir/.receive.$$"
  run mv -fT -- "$dir/.receive.$$" "$dir/receive"
  run sync -- "$dir"
}

cmp_files() {
  local one two
  one=$(sha256sum <"$1")
  two=$(sha256sum <"$2")
  [[ $one == "$two" ]]
}

# The home of the login user, and what the predecessor's settings say; they are parsed, never sourced.
read_home() {
  local entry line value dir=''
  TRAEFIK_DIR=''
  if [[ $LOGIN != - ]]; then
    entry=$(getent passwd "$LOGIN" 2>/dev/null </dev/null)
    HOME_DIR=${entry#*:*:*:*:*:}
    HOME_DIR=${HOME_DIR%%:*}
  fi
  [[ $HOME_DIR =~ ^/[A-Za-z0-9._/@+-]+$ ]] || HOME_DIR=/root
  [[ -f $ROOT$HOME_DIR/.mynodeone/config.env ]] || return 0
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^(export\ )?(PUBLIC_DOMAIN|TRAEFIK_CONFIG_DIR)=[\"\']?([A-Za-z0-9._/@+~\$-]*)[\"\']?[[:space:]]*$ ]] || continue
    value=${BASH_REMATCH[3]}
    if [[ ${BASH_REMATCH[2]} == TRAEFIK_CONFIG_DIR ]]; then
      # shellcheck disable=SC2088,SC2016 # the text of somebody's settings
      case $value in
        '~/'* | '$HOME/'*) dir=$HOME_DIR/${value#*/} ;;
        *) dir=$value ;;
      esac
      [[ $dir =~ ^/[A-Za-z0-9._/@+-]+$ ]] && TRAEFIK_DIR=$dir
    elif [[ $value =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]]; then
      PUBLIC_DOMAIN=$value
    fi
  done <"$ROOT$HOME_DIR/.mynodeone/config.env"
}

# answers_tcp PORT [PATH]: something accepts on loopback, and answers PATH with 200 where one is given.
answers_tcp() {
  # shellcheck disable=SC2016 # the inner shell expands its own arguments
  timeout 2 /bin/bash --norc -p -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    [[ -n $2 ]] || exit 0
    printf "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" "$2" >&3
    IFS= read -r line <&3 && [[ $line == HTTP/1.[01]" 200"* ]]' probe "$1" "${2-}" >/dev/null 2>&1 </dev/null
}

# find_temp DIR: sets TEMP to a directory that only we may write and that a rename into DIR works from: our state, or beside
# the highest directory above DIR that is ours (a home on a file system of its own). None is possible: then beside the target.
find_temp() {
  local part dir=$ROOT parts
  TEMP=''
  # A file that is born elsewhere carries the wrong label there.
  [[ ! -e /sys/fs/selinux/enforce ]] || return 0
  usable_temp "$ROOT/var/lib/sync-controller/tmp" "$1" && return
  local below=${1#"$ROOT/"}
  # shellcheck disable=SC2206 # a path of a strict grammar, split at its slashes
  parts=(${below//\// })
  for part in ${parts[@]+"${parts[@]}"}; do
    dir+=/$part
    [[ -O $dir ]] || return 0
    usable_temp "$dir/.sync-controller" "$1" && return
  done
}

# usable_temp DIR TARGET-DIR: a hard link has the limits of a rename and never copies.
usable_temp() {
  local from=$1/.probe.$$ to=$2/.sync-controller.0.probe made='' linked
  if [[ ! -d $1 ]]; then
    mkdir -m 0700 -- "$1" 2>/dev/null || return 1
    made=1
  fi
  : >"$from" && ln -T "$from" "$to" 2>/dev/null
  linked=$?
  rm -f -- "$from" "$to"
  if ((linked == 0)); then
    TEMP=${1#"$ROOT"}
  elif [[ -n $made ]]; then
    rmdir -- "$1"
  fi
  return "$linked"
}

# lacking NAME SENTENCE: what the target of a kind needs of this node's own set-up.
lacking() {
  missing "target:$1"
  fail MISSING 23 "$2"
}

write_target() {
  local dir=$ROOT/etc/sync-controller/targets.d file written=false line values=''
  file=$dir/$1
  run mkdir -p -m 0755 -- "$dir"
  if [[ ! -e $file ]] || has_flag retarget; then
    declare -F "describe_${1//-/_}" >/dev/null || fail REQUEST 20 "kind $1 is not known to this installer"
    "describe_${1//-/_}"
    rm -f -- "$dir/.$1.new"
    printf 'format=SC1\n%s\n' "$DESCRIPTION" >"$dir/.$1.new" || fail IO 42 "cannot write $file"
    run chmod 0644 "$dir/.$1.new"
    run sync -- "$dir/.$1.new"
    run mv -fT -- "$dir/.$1.new" "$file"
    run sync -- "$dir"
    written=true
  fi
  while IFS= read -r line; do
    [[ $line =~ ^(shape|path|temp|check|raw_url|web_port|websecure_port|dns)=([A-Za-z0-9._/@:+-]*)$ ]] || continue
    values+=",\"${BASH_REMATCH[1]}\":\"${BASH_REMATCH[2]}\""
  done <"$file"
  TARGETS_JSON+=${TARGETS_JSON:+,}"{\"kind\":\"$1\",\"written\":$written$values}"
}

# forget_temp DESCRIPTION: a temp directory of ours outside our state goes with its target.
forget_temp() {
  local temp
  temp=$(sed -n 's/^temp=//p' "$1" 2>/dev/null)
  [[ $temp != /*/.sync-controller ]] || rm -rf -- "$ROOT${temp:?}"
}

# Takes kinds out again, and everything of ours with the last of them.
remove_kinds() {
  local state=$ROOT/var/lib/sync-controller conf=$ROOT/etc/sync-controller kind path dirs left
  set +f
  if [[ $KINDS == - ]]; then
    for kind in "$conf/targets.d/"*; do forget_temp "$kind"; done
    left=()
  else
    for kind in ${KINDS//./ }; do
      path=$(sed -n 's/^path=//p' "$conf/targets.d/$kind" 2>/dev/null)
      forget_temp "$conf/targets.d/$kind"
      dirs=("$state/clusters/"*"/$kind")
      run rm -rf -- "${dirs[@]}" "$state/backup/$kind" "$conf/targets.d/$kind"
      [[ -z $path ]] || run rm -f -- "$state/owners/${path//\//%2F}"
    done
    left=("$conf/targets.d/"*)
    [[ -e ${left[0]} ]] || left=()
  fi
  set -f
  ((${#left[@]} > 0)) || run rm -rf -- "$conf" "$ROOT/usr/local/lib/sync-controller" "$state"
}

main() {
  local kind
  if [[ ${1-} == --root ]]; then
    if ((EUID == 0)) || [[ -n ${SUDO_USER-} || ! -d ${2-} || ! -O ${2-} || ! ${2-} =~ ^/[A-Za-z0-9._/@+-]+$ ]]; then
      fail ROOT 60 '--root expects an unprivileged process and an absolute directory of its own'
    fi
    ROOT=${2%/}
  fi
  read_header
  if has_flag remove; then
    [[ -d $ROOT/var/lib/sync-controller ]] && take_lock
    remove_kinds
    answer REMOVED 0
  fi
  probe_node
  receive_bytes
  take_lock
  install_receiver
  read_home
  if [[ $KINDS != - ]]; then
    for kind in ${KINDS//./ }; do write_target "$kind"; done
  fi
  answer ENROLLED 0
}

# One line: after it, stdin holds no more script.
# shellcheck disable=SC2317 # main answers and exits
{ main "$@"; exit; }
