# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The consumer of a target: `probe` before and after, `reload` after a change, and the fallback when new bytes are rejected.

BASELINE='' CONSUMER='' SAID_FILE=/dev/null

# run_words "PROGRAM WORD..." [AT_MOST_MS]: no shell sees them; bounded by the deadline; the lock is not inherited.
run_words() {
  local words
  # shellcheck disable=SC2206 # fixed words of the target description, split at blanks
  words=($1)
  words[0]=$ROOT${words[0]}
  remaining "${2-}" || REMAIN=0.300
  (
    trap - HUP PIPE
    exec timeout -k 0.2 "$REMAIN" "${words[@]}" </dev/null >/dev/null 2>|"$SAID_FILE" 9>&-
  )
}

# Whether the consumer was healthy before the change: one that was down cannot reject anything.
probe_baseline() {
  BASELINE=healthy
  [[ -n $TGT_PROBE ]] || return 0
  need_time 'the consumer was probed'
  # Half of the time is for what comes after.
  run_words "$TGT_PROBE" $((REMAIN_MS / 2)) || BASELINE=down
}

# One that follows the file by itself has no `reload`; by the flag it is told all the same, with `refresh`.
consumer_accepts() {
  local tell=$TGT_RELOAD
  ! has_flag reload || tell=${tell:-$TGT_REFRESH}
  [[ -z $tell ]] || tell_consumer "$tell" || return 1
  [[ -z $TGT_PROBE ]] || run_words "$TGT_PROBE"
}

# tell_consumer "PROGRAM WORD...": the last line of its complaint says what is wrong with the file, or with another that it reads.
tell_consumer() {
  local said=$STATE_DIR/tmp/.sync-controller.$SELF.said lines=() status
  TRASH+=("$said")
  SAID_FILE=$said
  run_words "$1"
  status=$?
  SAID_FILE=/dev/null
  if ((status != 0)); then
    { mapfile -t lines <"$said"; } 2>/dev/null
    ((${#lines[@]} == 0)) || add_text "${lines[-1]:0:400}"
  fi
  return "$status"
}

# The flag reload: the bytes are there already, and the consumer is told of them again.
tell_again() {
  has_flag reload && [[ -n $TGT_RELOAD$TGT_REFRESH ]] || return 0
  probe_baseline
  CONSUMER=accepted
  consumer_accepts && return
  CONSUMER=rejected
  [[ $BASELINE != down ]] || CONSUMER=down
}

# Answers where the new bytes are in place and the consumer has not taken them.
answer_for_consumer() {
  case $CONSUMER in
    rejected) answer REJECTED ;;
    down) answer CONSUMER_DOWN ;;
  esac
}

# Sets CONSUMER; answers by itself where the fallback is installed.
consult_consumer() {
  CONSUMER=accepted
  consumer_accepts && return
  step rejected
  if [[ $BASELINE == down ]]; then
    CONSUMER=down
    add_text 'the consumer was down before the change; the new bytes stay'
  elif [[ $REQ_FB_SHA == - ]]; then
    CONSUMER=rejected
    add_text 'the consumer rejects the new bytes, and the request carries no fallback'
  else
    add_text 'the consumer rejects the new bytes'
    restore_fallback
  fi
}

# The fallback goes the same way as a document; the fence stays where the request raised it.
restore_fallback() {
  local before_sha=$BEFORE_SHA before_size=$BEFORE_SIZE
  RESTORING=1
  use_fallback
  inspect
  [[ -z $PROBLEM ]] || fail "$PROBLEM" "$PROBLEM_TEXT"
  compose_new
  [[ -z $NEW_DIFFERS ]] || put_in_place
  BEFORE_SHA=$before_sha BEFORE_SIZE=$before_size
  record_installed "$REQ_FB_SHA" "$REQ_SHA"
  must sync -- "$JOURNAL" "$TARGET_DIR" "$STAGE_DIR"
  RESTORING=''
  step restored
  add_rung digest bad
  if consumer_accepts; then
    answer RESTORED
  fi
  fail RESTORED 'the consumer does not accept the fallback either'
}

use_fallback() {
  DOC_TEXT=$FB_TEXT DOC_LINES=(${FB_LINES[@]+"${FB_LINES[@]}"}) DOC_LENGTH=$REQ_FB_LENGTH DOC_HASH=$FB_HASH DOC_FILE=$FB_FILE
}
