#!/bin/bash
# Fetches what the controller has for this node, gives it to the receiver and brings its receipt back. Installed as
# /usr/local/lib/sync-controller/pull-node, and kept running by sync-controller-pull.timer. One visit is one HTTPS request: it
# carries the receipt of the last request, if there is one, and waits at the controller until there is something to do.
#   pull-node [--once] [--conf DIR] [--state DIR] [--receiver FILE]
# --once ends when there is nothing to do: for cron. The other options are for tests.
set -u -f
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset BASH_ENV ENV CDPATH GLOBIGNORE POSIXLY_CORRECT
IFS=$' \t\n'
umask 077

CONF=/etc/sync-controller/pull STATE=/var/lib/sync-controller/pull RECEIVER=/usr/local/lib/sync-controller/receive
# A run begins anew after this, so that a replaced script counts.
readonly SESSION_S=3600 LONGEST_PAUSE_S=60 REFUSED_PAUSE_S=300
ARGS=("$@") ONCE='' URL='' PIN='' CODE='' NONCE='' EXIT='' STOP='' CHILD='' FAILS=0 TOLD=''

main() {
  options "$@"
  read_conf
  mkdir -p -- "$STATE" || exit 42
  exec 9>>"$STATE/lock" || exit 42
  # Another run is at it.
  flock -n 9 || exit 0
  rm -f -- "$STATE/request" "$STATE/answer" "$STATE/code" "$STATE/talk"
  trap 'STOP=1; [[ -z $CHILD ]] || kill "$CHILD" 2>/dev/null' TERM INT
  while [[ -z $STOP ]]; do
    visit
    judge
    ((SECONDS < SESSION_S)) || [[ -n $NONCE ]] || exec "$BASH" "$0" ${ARGS[@]+"${ARGS[@]}"}
  done
}

options() {
  while (($# > 0)); do
    case $1 in
      --once) ONCE=1 ;;
      --conf) CONF=${2?} && shift ;;
      --state) STATE=${2?} && shift ;;
      --receiver) RECEIVER=${2?} && shift ;;
      *)
        printf 'pull-node: expected --once, --conf DIR, --state DIR or --receiver FILE, got %q\n' "$1" >&2
        exit 64
        ;;
    esac
    shift
  done
}

# Lines key=value, which nobody evaluates.
read_conf() {
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    case $line in
      url=*) URL=${line#*=} ;;
      pin=*) PIN=${line#*=} ;;
    esac
  done 2>/dev/null <"$CONF/config"
  if [[ ! $URL =~ ^https://[]A-Za-z0-9.:[-]+$ || ! $PIN =~ ^(sha256//[A-Za-z0-9+/]{43}=)?$ || ! -s $CONF/token ]]; then
    echo "pull-node: expected url= and pin= in $CONF/config and a token beside it; run the join command again" >&2
    exit 78
  fi
}

say() {
  # One line for a trouble, however long it lasts.
  [[ $TOLD == "$1" ]] || echo "pull-node: $1" >&2
  TOLD=$1
}

# Brings the receipt of NONCE, if there is one, and waits for something to do. Sets CODE: 000 where nobody answered.
visit() {
  local args
  args=(-q -sS --proto '=https' --tlsv1.2 --connect-timeout 10 --max-time 120 --max-filesize 9437184
    -H "@$CONF/token" -H 'Content-Type: application/octet-stream' -H 'Expect:' -o "$STATE/request" -w '%{http_code}')
  # The pinned key says who it is, whoever has signed it.
  [[ -z $PIN ]] || args+=(--insecure --pinnedpubkey "$PIN")
  if [[ -n $NONCE ]]; then
    args+=(-H "X-Sync-Nonce: $NONCE" -H "X-Sync-Exit: $EXIT" --data-binary "@$STATE/answer")
  else
    args+=(--data-binary '')
  fi
  rm -f -- "$STATE/request"
  curl "${args[@]}" "$URL/pull/v1" >"$STATE/code" 2>"$STATE/talk" </dev/null 9>&- &
  CHILD=$!
  wait "$CHILD"
  local status=$?
  CHILD=''
  CODE=000
  ((status != 0)) || CODE=$(<"$STATE/code")
}

judge() {
  local line=''
  [[ -z $STOP ]] || return
  case $CODE in
    200) receive ;;
    204)
      settled
      if [[ -n $ONCE ]]; then exit 0; fi
      ;;
    409)
      # The controller waits for this receipt no more: it has begun anew, or has given us up. It will look by itself.
      settled
      ;;
    401 | 403)
      say "the controller does not know our token; where the node is to come back: syncctl node rotate-token"
      forget_answer
      if [[ -n $ONCE ]]; then exit 77; fi
      pause "$REFUSED_PAUSE_S"
      ;;
    400 | 413)
      say "the controller refuses our answer with $CODE"
      forget_answer
      back_off
      ;;
    *)
      [[ ! -s $STATE/talk ]] || IFS= read -r line <"$STATE/talk"
      say "the controller at $URL does not answer ($CODE) ${line:0:300}"
      if [[ -n $ONCE ]]; then exit 75; fi
      back_off
      ;;
  esac
}

# The whole request is here: curl has counted it, and the receiver counts and hashes it again.
receive() {
  local line='' tokens
  settled
  IFS= read -r line <"$STATE/request"
  read -r -a tokens <<<"${line:0:2400}"
  if [[ ${tokens[0]-} != SC1 || ! ${tokens[11]-} =~ ^[a-z0-9]{16,64}$ ]]; then
    say 'the controller sent what is no request'
    back_off
    return
  fi
  NONCE=${tokens[11]}
  "$RECEIVER" <"$STATE/request" >"$STATE/answer" 2>/dev/null 9>&-
  EXIT=$?
}

settled() {
  FAILS=0
  TOLD=''
  forget_answer
}

forget_answer() {
  NONCE='' EXIT=''
  rm -f -- "$STATE/answer"
}

back_off() {
  local seconds=$((1 << (FAILS < 6 ? FAILS : 6)))
  FAILS=$((FAILS + 1))
  pause $((seconds < LONGEST_PAUSE_S ? seconds : LONGEST_PAUSE_S))
}

# pause SECONDS: between half of it and all of it, so that a fleet does not come in step; ended by a signal.
pause() {
  local ms=$(($1 * 500 + (RANDOM * 32768 + RANDOM) % ($1 * 500 + 1)))
  sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))" 9>&- &
  CHILD=$!
  wait "$CHILD"
  CHILD=''
}

# One line: the file may be replaced while it runs.
{ main "$@"; exit; }
