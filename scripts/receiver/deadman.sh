# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The dead-man timer: what is not confirmed in time is taken back. `armed` says by when and for which request, `armed.doc`
# is the fallback. A timer that died, or a reboot, is made up for at the next contact.

ARMED='' ARMED_FORM='^SC1 armed ([0-9]+) ([a-z0-9]+) ([0-9]+) ([0-9a-f]{64}) ([0-9]+) ([0-9a-f]{64}) ([0-9]+) ([A-Za-z0-9-]+)$'

# Sets ARMED and its fields where a timer runs, or should.
read_armed() {
  local line=''
  ARMED=''
  ARMED_FILE=$STATE_DIR/clusters/$REQ_CLUSTER/$REQ_KIND/armed
  [[ -f $ARMED_FILE ]] || return 1
  IFS= read -r line <"$ARMED_FILE"
  half_of "$line"
  [[ $HALF =~ $ARMED_FORM ]] || return 1
  ARMED="${BASH_REMATCH[*]:1:3}" ARMED_SHA=${BASH_REMATCH[4]} ARMED_LENGTH=${BASH_REMATCH[5]} ARMED_FB=${BASH_REMATCH[6]}
  ARMED_DUE=${BASH_REMATCH[7]} ARMED_BOOT=${BASH_REMATCH[8]}
}

# Time is counted by the uptime: a clock that is set changes nothing, and another boot means that nobody confirmed.
is_due() {
  first_word /proc/sys/kernel/random/boot_id
  uptime_ms
  [[ $ARMED_BOOT != "$WORD" ]] || ((UPTIME_MS >= ARMED_DUE))
}

# Before the target is touched: the record, durable, and the timer.
arm_dead_man() {
  local half
  [[ $REQ_CONFIRM != 0 && $REQ_MODE != expire ]] || return 0
  read_armed && [[ $ARMED == "$REQ_EPOCH $REQ_WRITER $REQ_SEQ" ]] && return
  first_word /proc/sys/kernel/random/boot_id
  uptime_ms
  half="SC1 armed $REQ_EPOCH $REQ_WRITER $REQ_SEQ $REQ_SHA $REQ_FB_LENGTH $REQ_FB_SHA $((UPTIME_MS + REQ_CONFIRM * 1000)) $WORD"
  must rm -f -- "$ARMED_FILE" "$ARMED_FILE.doc" "$ARMED_FILE.new"
  put "$ARMED_FILE.doc" "$FB_TEXT"
  put "$ARMED_FILE.new" "$half | $half"$'\n'
  must sync -- "$ARMED_FILE.doc" "$ARMED_FILE.new"
  must mv -fT -- "$ARMED_FILE.new" "$ARMED_FILE"
  must sync -- "${ARMED_FILE%/*}"
  start_timer
  step armed
}

# Detached from the session that a logout may end; systemd keeps it best.
start_timer() {
  local self=(/bin/bash -p "$0") work=(--expire "$REQ_CLUSTER" "$REQ_KIND")
  if [[ -z $ROOT && -d /run/systemd/system ]] && type -P systemd-run >/dev/null; then
    must systemd-run --quiet --collect --on-active="${REQ_CONFIRM}s" --timer-property=AccuracySec=100ms "${self[@]}" "${work[@]}" 0
    return
  fi
  [[ -z $ROOT ]] || self+=(--root "$ROOT")
  setsid "${self[@]}" "${work[@]}" "$REQ_CONFIRM" </dev/null >/dev/null 2>&1 9>&- &
}

# A newer request stands for itself: what an older one armed is void.
disarm_others() {
  read_armed || return 0
  [[ $REQ_MODE != expire && $REQ_CONFIRM != 0 && $ARMED == "$REQ_EPOCH $REQ_WRITER $REQ_SEQ" ]] || disarm
}

disarm() {
  must rm -f -- "$ARMED_FILE" "$ARMED_FILE.doc"
  must sync -- "${ARMED_FILE%/*}"
}

# At every contact that may write: what is due is taken back first, by a receiver of its own.
catch_up() {
  local self=(/bin/bash -p "$0")
  read_armed && is_due || return 0
  [[ -z $ROOT ]] || self+=(--root "$ROOT")
  "${self[@]}" --expire "$REQ_CLUSTER" "$REQ_KIND" 0 </dev/null >/dev/null 2>&1
}

# The timer's own work. Only bytes that are still those of the armed request are taken back.
run_expire() {
  [[ $EXPIRE_AFTER == 0 ]] || sleep "$EXPIRE_AFTER"
  START_MS=0 DEADLINE_MS=$((1 << 50))
  prepare_state
  LOCK_WAIT=30000 take_lock
  read_armed && is_due || exit 0
  read -r REQ_EPOCH REQ_WRITER REQ_SEQ <<<"$ARMED"
  REQ_SHA=$ARMED_FB REQ_LENGTH=$ARMED_LENGTH DOC_LENGTH=$ARMED_LENGTH
  choose_stage_dir
  target_umask
  mapfile DOC_LINES <"$ARMED_FILE.doc"
  printf -v DOC_TEXT '%s' ${DOC_LINES[@]+"${DOC_LINES[@]}"}
  if ((DOC_LENGTH > 0)); then
    DOC_FILE=$STAGE_DIR/.sync-controller.$SELF.expire
    TRASH+=("$DOC_FILE")
    umask "$TARGET_UMASK"
    put "$DOC_FILE" "$DOC_TEXT"
    umask 0077
  fi
  replay_inplace
  inspect
  prepare_old_digest
  hash_all
  set_before
  read_owner
  read_journal
  FENCE_SAME=1
  if [[ -n $PROBLEM$DAMAGE || $BEFORE_SHA != "$ARMED_SHA" || $DOC_HASH != "$ARMED_FB" || $OWNER_CLUSTER != "$REQ_CLUSTER" ]]; then
    disarm
    answer UNCHANGED
  fi
  compose_new
  run_change
}

run_confirm() {
  catch_up
  prepare_state
  take_lock
  read_owner
  read_journal
  [[ -z $DAMAGE ]] || fail DAMAGED "$DAMAGE"
  if read_armed && [[ $ARMED == "$REQ_EPOCH $REQ_WRITER $REQ_SEQ" ]]; then
    disarm
    answer CONFIRMED
  fi
  if [[ "$INST_EPOCH $INST_WRITER $INST_SEQ" == "$REQ_EPOCH $REQ_WRITER $REQ_SEQ" ]]; then
    [[ $INST_FROM == - ]] || fail RESTORED 'the confirmation came too late: the fallback is installed'
    answer CONFIRMED
  fi
  REQ_SHA=$FENCE_SHA
  judge
  fail MOVED 'nothing of this request waits here for a confirmation'
}
