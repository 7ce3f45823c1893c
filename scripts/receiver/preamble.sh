#!/bin/bash -p
# The sync-controller receiver: one request on stdin, one receipt on stdout (docs/protocol.md).
# Assembled from scripts/receiver/ and the node-type scripts by scripts/build-receiver.sh.
# shellcheck shell=bash disable=SC2016,SC2034,SC2120,SC2154,SC2317 # the parts use and set the names of each other
# -p ignores functions and options that the environment brings; -C makes every plain `>` an exclusive creation.
set -u -f -C
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset -v BASH_ENV ENV CDPATH GLOBIGNORE TMPDIR POSIXLY_CORRECT TIMEFORMAT HOSTALIASES LOCALDOMAIN RES_OPTIONS \
  GLIBC_TUNABLES BLOCK_SIZE TIME_STYLE "${!LD_@}" "${!MALLOC_@}"
IFS=$' \t\n'
umask 077
# A controller that hangs up must not stop an installation half-way.
trap '' HUP PIPE

readonly VERSION=1.0.0
readonly DOCUMENT_MAX=4194304
readonly LINE_MAX=2400
readonly LINE_WAIT_MS=30000
# The first line of a controller that will send several requests, and how long the next one may take to come.
readonly STAY_LINE='SC1 stay'
readonly STAY_WAIT_MS=4200000
readonly LOCK_WAIT_MS=2000
readonly BACKUPS=5
readonly JOURNAL_MAX=200
readonly EMPTY_SHA=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

# The process that serves this request.
SELF=$$

ROOT=''
CONF_DIR=''
STATE_DIR=''

# Every path lies below ROOT, which is empty on a real node.
set_root() {
  ROOT=$1
  CONF_DIR=$ROOT/etc/sync-controller
  STATE_DIR=$ROOT/var/lib/sync-controller
}

# The monotonic clock in milliseconds; a clock that is set must not end a request.
uptime_ms() {
  local up
  read -r up _ </proc/uptime
  up=${up/./}
  UPTIME_MS=$((10#$up * 10))
}

# Time left until the deadline of the request, as REMAIN_MS and REMAIN (seconds for read -t and timeout).
# remaining [AT_MOST_MS]
remaining() {
  uptime_ms
  REMAIN_MS=$((START_MS + DEADLINE_MS - UPTIME_MS))
  if ((REMAIN_MS <= 0)); then
    return 1
  fi
  if [[ -n ${1-} ]] && ((REMAIN_MS > $1)); then
    REMAIN_MS=$1
  fi
  printf -v REMAIN '%d.%03d' $((REMAIN_MS / 1000)) $((REMAIN_MS % 1000))
}

need_time() {
  remaining || fail DEADLINE "deadline_ms $DEADLINE_MS passed before $1"
}

# Named points of the work. Tests stop or kill the receiver there; honoured only below --root.
step() {
  [[ -n $ROOT ]] || return 0
  if [[ ${SC_TEST_CRASH_AT-} == "$1" ]]; then
    kill -9 "$SELF"
  elif [[ ${SC_TEST_STOP_AT-} == "$1" ]]; then
    kill -STOP "$SELF"
  fi
}

uptime_ms
START_MS=$UPTIME_MS
DEADLINE_MS=$LINE_WAIT_MS
