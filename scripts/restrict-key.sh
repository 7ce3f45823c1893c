#!/bin/bash
# Lets one key run the receiver on this node and nothing else, and takes that away again. The controller streams this text to
# `bash -s` (as root, or through `sudo -n bash -s`) over the admin's login; what follows on stdin is one line of tokens:
#   SCK1 <nonce> <action> <parts joined by .> <cluster> <login user> <key or -> <other keys joined by , or ->
# Actions: look (writes nothing), grant, withdraw. Parts: rule (sudo), key (authorized_keys). Keys are the base64 of ssh-ed25519
# keys; `withdraw` without one takes out every line of the cluster. No private key is ever here.
# shellcheck disable=SC1003,SC2317 # sed's `a\`; everything is called from the last line
set -u -f -o pipefail
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset BASH_ENV ENV CDPATH GLOBIGNORE TMPDIR POSIXLY_CORRECT
IFS=$' \t\n'
umask 022

readonly RECEIVE=/usr/local/lib/sync-controller/receive
readonly STATE=/var/lib/sync-controller
readonly RULES=/etc/sudoers.d
NONCE=- ACTION=- PARTS=- CLUSTER=- LOGIN=- KEY=- OTHERS=-
OWNER='' GROUP='' HOME_DIR='' MARK='' RULE='' LINE='' CHANGED='' MISSING='' TEXT='' RULE_WAS='' NEW_KEYS=''

# answer RESULT CODE: one JSON line as the receiver writes it; never returns.
answer() {
  local text='' receiver='' kinds='' file
  [[ -z $NEW_KEYS ]] || rm -f -- "$NEW_KEYS"
  [[ -z $TEXT ]] || text=$(printf '%s' "${TEXT:0:2000}" | base64 | tr -d '\n')
  receiver=$(readlink -- "$RECEIVE" 2>/dev/null)
  [[ $receiver =~ ^receive-[0-9.]+$ ]] || receiver=''
  set +f
  for file in /etc/sync-controller/targets.d/*; do
    file=${file##*/}
    [[ ! $file =~ ^[a-z][a-z0-9-]*$ ]] || kinds+=${kinds:+,}\"$file\"
  done
  printf '\n{"sc":1,"nonce":"%s","result":"%s","code":%d,"changed":[%s],"missing":[%s],"rule":%s,"line":%s,"lines":%d,"receiver":"%s","kinds":[%s],"text":"%s"}\n' \
    "$NONCE" "$1" "$2" "$CHANGED" "$MISSING" "$(rule_stands && echo true || echo false)" "$(line_stands && echo true || echo false)" "$(count_lines)" \
    "${receiver#receive-}" "$kinds" "$text"
  exit "$2"
}

# fail RESULT CODE SENTENCE: nothing that this run wrote stays.
fail() {
  TEXT=$3
  take_rule_back
  CHANGED=''
  answer "$1" "$2"
}

run() {
  local talk
  talk=$("$@" 2>&1 </dev/null) || fail IO 42 "$talk"
}

missing() {
  MISSING=\"$1\"
  fail MISSING 23 "$2"
}

changed() {
  CHANGED+=${CHANGED:+,}\"$1\"
}

has_part() {
  [[ .$PARTS. == *.$1.* ]]
}

read_header() {
  local line tokens
  IFS= read -r -t 30 line || fail REQUEST 20 'no header line came'
  # shellcheck disable=SC2206 # split at blanks; -f forbids globs
  tokens=($line)
  [[ $line =~ ^[A-Za-z0-9+/=,._@\ -]{1,8000}$ && ${#tokens[@]} == 8 && ${tokens[0]} == SCK1 ]] || fail REQUEST 20 'expected a header line of 8 tokens that begins with SCK1'
  [[ ${tokens[1]} =~ ^[a-z0-9]{16,64}$ ]] || fail REQUEST 20 'token 2 is no nonce'
  NONCE=${tokens[1]}
  [[ ${tokens[2]} =~ ^(look|grant|withdraw)$ ]] || fail REQUEST 20 'token 3: expected look, grant or withdraw'
  [[ ${tokens[3]} =~ ^(rule|key|rule[.]key)$ ]] || fail REQUEST 20 'token 4: expected rule, key or rule.key'
  [[ ${tokens[4]} =~ ^[a-z0-9-]{8,64}$ ]] || fail REQUEST 20 'token 5 is no cluster'
  [[ ${tokens[5]} =~ ^[A-Za-z_][A-Za-z0-9_.-]{0,31}$ ]] || fail REQUEST 20 'token 6 is no login name'
  [[ ${tokens[6]} =~ ^(-|[A-Za-z0-9+/]{60,100}={0,2})$ ]] || fail REQUEST 20 'token 7 is no key'
  [[ ${tokens[7]} =~ ^(-|[A-Za-z0-9+/]{60,100}={0,2}(,[A-Za-z0-9+/]{60,100}={0,2})*)$ ]] || fail REQUEST 20 'token 8: expected keys joined by commas'
  ACTION=${tokens[2]} PARTS=${tokens[3]} CLUSTER=${tokens[4]} LOGIN=${tokens[5]} KEY=${tokens[6]} OTHERS=${tokens[7]}
}

# Who logs in, and the two lines that are his.
read_login() {
  local entry fields
  entry=$(getent passwd "$LOGIN" 2>/dev/null </dev/null) || fail LOGIN 28 "there is no login $LOGIN"
  IFS=: read -r -a fields <<<"$entry"
  OWNER=${fields[2]-} GROUP=${fields[3]-} HOME_DIR=${fields[5]-}
  [[ $OWNER =~ ^[0-9]+$ && $GROUP =~ ^[0-9]+$ && $HOME_DIR =~ ^/[A-Za-z0-9._/@+-]+$ ]] || fail LOGIN 28 "the home of $LOGIN: expected a plain path, got $HOME_DIR"
  MARK=sync-controller@$CLUSTER
  RULE="$LOGIN ALL=(root) NOPASSWD: $RECEIVE \"\""
  if ((OWNER == 0)); then
    LINE="restrict,command=\"$RECEIVE\" ssh-ed25519 $KEY $MARK"
  else
    LINE="restrict,command=\"sudo -n $RECEIVE\" ssh-ed25519 $KEY $MARK"
  fi
}

take_lock() {
  if [[ $ACTION == grant ]]; then
    run mkdir -p -m 0700 -- "$STATE"
  elif [[ ! -d $STATE ]]; then
    return 0
  fi
  exec 9>>"$STATE/lock" || fail IO 42 "cannot open $STATE/lock"
  flock -w 5 9 || fail BUSY 15 'another request holds the lock of this node'
}

# --- the rule of sudo

# A rule that an admin wrote by hand from the manual, without our mark, does as well.
rule_stands() {
  [[ -n $RULE ]] && grep -qFx -e "$RULE" -e "$RULE # $MARK" -- "$RULES/sync-controller" 2>/dev/null
}

safe_rules() {
  local file=$RULES/sync-controller
  [[ ! -L $file ]] || fail UNSAFE 40 "$file is a symlink"
  [[ ! -e $file || (-f $file && -O $file) ]] || fail UNSAFE 40 "$file: expected a file of root"
}

grant_rule() {
  ((OWNER != 0)) || return 0
  type -P sudo >/dev/null || missing sudo 'sudo is not installed'
  type -P visudo >/dev/null || missing visudo 'visudo, which checks the rule before it counts, is not installed'
  grep -qE '^[[:space:]]*[@#]includedir[[:space:]]+"?(/etc/)?sudoers[.]d/?"?[[:space:]]*$' /etc/sudoers 2>/dev/null ||
    missing sudoers.d '/etc/sudoers: expected the line "@includedir /etc/sudoers.d", got none'
  safe_rules
  rule_stands || replace_rules "$RULE # $MARK"
}

# replace_rules RULE: the other lines stay; without a rule, ours go. A name with a dot is never read by sudo.
replace_rules() {
  local file=$RULES/sync-controller new=$RULES/.sync-controller.new out
  rm -f -- "$new" "$RULES/.sync-controller.old" 2>/dev/null
  out=$( (umask 0337 && kept_rules "$1" >"$new") 2>&1) || {
    rm -f -- "$new"
    fail IO 42 "cannot write $new: $out"
  }
  run chmod 0440 "$new"
  if ! out=$(visudo -cf "$new" 2>&1 </dev/null); then
    rm -f -- "$new"
    fail SUDOERS 27 "visudo refuses the rule: $out"
  fi
  run sync -- "$new"
  RULE_WAS=absent
  if [[ -e $file ]]; then
    run ln -T -- "$file" "$RULES/.sync-controller.old"
    RULE_WAS=present
  fi
  if grep -qvE '^[[:space:]]*(#|$)' -- "$new"; then
    run mv -fT -- "$new" "$file"
  else
    run rm -f -- "$file" "$new"
  fi
  run sync -- "$RULES"
  changed rule
}

kept_rules() {
  if [[ -f $RULES/sync-controller ]]; then
    if [[ -n $1 ]]; then
      sed -e '$a\' -- "$RULES/sync-controller" || return
    else
      grep -vFx -e "$RULE" -e "$RULE # $MARK" -- "$RULES/sync-controller" || (($? == 1)) || return
    fi
  else
    printf '# One line for each login through which sync-controller pushes; its nodes are listed by: syncctl node list\n' || return
  fi
  [[ -z $1 ]] || printf '%s\n' "$1"
}

take_rule_back() {
  case $RULE_WAS in
    present) mv -fT -- "$RULES/.sync-controller.old" "$RULES/sync-controller" ;;
    absent) rm -f -- "$RULES/sync-controller" ;;
  esac
  rm -f -- "$RULES/.sync-controller.new" 2>/dev/null
  RULE_WAS=''
}

withdraw_rule() {
  [[ -e $RULES/sync-controller || -L $RULES/sync-controller ]] || return 0
  safe_rules
  ! rule_stands || replace_rules ''
}

# --- the line of the key; from here on the working directory is the login's .ssh, so that no symlink is followed later

enter_ssh() {
  cd -P -- "$HOME_DIR" 2>/dev/null || fail UNSAFE 40 "$HOME_DIR cannot be entered"
  [[ ! -L .ssh ]] || fail UNSAFE 40 "$HOME_DIR/.ssh is a symlink"
  if [[ ! -e .ssh ]]; then
    [[ $ACTION == grant ]] || return 1
    run mkdir -m 0700 -- .ssh
    run chown -h "$OWNER:$GROUP" .ssh
    [[ ! -e /sys/fs/selinux/enforce ]] || ! type -P restorecon >/dev/null || restorecon .ssh
  fi
  cd -P -- .ssh 2>/dev/null || fail UNSAFE 40 "$HOME_DIR/.ssh is no directory"
  [[ $(stat -c %u .) == "$OWNER" ]] || fail UNSAFE 40 "$HOME_DIR/.ssh: expected to belong to $LOGIN, got $(stat -c %U .)"
  [[ ! -L authorized_keys ]] || fail UNSAFE 40 "$HOME_DIR/.ssh/authorized_keys is a symlink"
  if [[ -e authorized_keys ]]; then
    [[ -f authorized_keys && $(stat -c '%u %h' authorized_keys) =~ ^($OWNER|0)\ 1$ ]] || fail UNSAFE 40 "$HOME_DIR/.ssh/authorized_keys: expected a file of $LOGIN or root under one name"
  fi
}

# Never through a symlink or a FIFO that came in between.
present_keys() {
  [[ ! -e authorized_keys && ! -L authorized_keys ]] || dd if=authorized_keys iflag=nofollow,nonblock bs=65536 status=none
}

line_stands() {
  [[ $KEY != - && -f $HOME_DIR/.ssh/authorized_keys ]] && grep -qaFx -- "$LINE" "$HOME_DIR/.ssh/authorized_keys"
}

count_lines() {
  local count=0
  [[ ! -f $HOME_DIR/.ssh/authorized_keys ]] || count=$(grep -acE "^[^#].* $MARK\$" -- "$HOME_DIR/.ssh/authorized_keys" 2>/dev/null)
  echo "${count:-0}"
}

grant_key() {
  enter_ssh
  # sshd takes the first line of a key: one without the restriction must not stand before ours. (grep -q would break the pipe.)
  local uses
  uses=$(present_keys | grep -aF -- "$KEY" | grep -acvE '^[[:space:]]*#')
  if [[ $uses == 1 && $(present_keys | grep -acFx -- "$LINE") == 1 ]]; then return 0; fi
  replace_keys "$LINE" "\\%$KEY%d"
}

withdraw_key() {
  enter_ssh || return 0
  [[ -e authorized_keys ]] || return 0
  local key program=()
  if [[ $OTHERS == - ]]; then
    program=("\\% $MARK\$%d")
  else
    for key in ${OTHERS//,/ }; do program+=("\\%$key%d"); done
  fi
  replace_keys '' "${program[@]}"
}

# replace_keys LINE SED...: takes lines out, puts one behind the rest; owner, mode and every other byte stay.
replace_keys() {
  local line=$1 each edit=() mode=600 owner=$OWNER:$GROUP before after
  shift
  edit=(-e '/^[[:space:]]*#/b')
  for each in "$@"; do edit+=(-e "$each"); done
  if [[ -e authorized_keys ]]; then
    mode=$(stat -c %a authorized_keys)
    owner=$(stat -c %u:%g authorized_keys)
  fi
  before=$(present_keys | sha256sum) || fail IO 42 "cannot read $HOME_DIR/.ssh/authorized_keys"
  NEW_KEYS=.sync-controller.$NONCE
  set -C
  { exec 8>"$NEW_KEYS"; } 2>/dev/null || fail IO 42 "cannot write below $HOME_DIR/.ssh: $(write_trouble "$HOME_DIR/.ssh")"
  set +C
  local talk
  talk=$({ present_keys | sed "${edit[@]}" -e '$a\' && { [[ -z $line ]] || printf '%s\n' "$line"; }; } 2>&1 >&8) || fail IO 42 "cannot write below $HOME_DIR/.ssh: $talk"
  run chown "$owner" /proc/self/fd/8
  run chmod "$mode" /proc/self/fd/8
  run sync -- /proc/self/fd/8
  exec 8>&-
  after=$(sha256sum <"$NEW_KEYS") || fail IO 42 "cannot read $HOME_DIR/.ssh/$NEW_KEYS"
  if [[ $before != "$after" ]]; then
    [[ $(present_keys | sha256sum) == "$before" ]] || fail BUSY 15 "$HOME_DIR/.ssh/authorized_keys changed meanwhile"
    run mv -fT -- "$NEW_KEYS" authorized_keys
    run sync -- .
    changed key
  fi
  rm -f -- "$NEW_KEYS"
  NEW_KEYS=''
}

# The shell keeps to itself why it could not open a file.
write_trouble() {
  touch -- "$1/.sync-controller.probe" 2>&1 && rm -f -- "$1/.sync-controller.probe"
}

main() {
  read_header
  read_login
  if [[ $ACTION == look ]]; then answer LOOKED 0; fi
  take_lock
  if [[ $ACTION == grant ]]; then
    [[ $KEY != - ]] || fail REQUEST 20 'token 7: expected a key to grant'
    if has_part rule; then grant_rule; fi
    if has_part key; then grant_key; fi
    rm -f -- "$RULES/.sync-controller.old"
    answer GRANTED 0
  fi
  # The line first: without it the rule serves nobody.
  if has_part key; then withdraw_key; fi
  if has_part rule; then withdraw_rule; fi
  rm -f -- "$RULES/.sync-controller.old"
  answer WITHDRAWN 0
}

# One line: after it, stdin holds no more script.
{ main "$@"; exit; }
