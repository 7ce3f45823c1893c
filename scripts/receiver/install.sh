# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# apply and rollback: judge, assemble, fence, rename, prove.

NEW_TEXT='' TEMP='' ATOMIC=''

run_apply() {
  stage_documents
  catch_up
  take_lock
  replay_inplace
  sweep_leftovers
  inspect
  prepare_old_digest
  hash_all
  check_digests
  set_before
  read_owner
  read_journal
  judge
  check_base
  validate_documents
  [[ -z $PROBLEM ]] || fail "$PROBLEM" "$PROBLEM_TEXT"
  need_time 'the target was touched'
  step judged
  compose_new
  if [[ -z $NEW_DIFFERS ]]; then
    finish_unchanged
  else
    run_change
  fi
}

# Files of requests that died; the name carries the process, so that a living one keeps its own.
sweep_leftovers() {
  local dir file pid dead=()
  set +f
  for dir in "$STATE_DIR/tmp" "$TARGET_DIR" ${TGT_TEMP:+"$ROOT$TGT_TEMP"}; do
    for file in "$dir"/.sync-controller.*; do
      pid=${file##*/.sync-controller.}
      pid=${pid%%.*}
      [[ $pid =~ ^[0-9]+$ && ! -d /proc/$pid ]] && dead+=("$file")
    done
  done
  set -f
  ((${#dead[@]} == 0)) || rm -f -- "${dead[@]}" 2>/dev/null
}

# A request that is repeated after its answer was lost finds its own bytes instead of `base`, and is no conflict.
check_base() {
  [[ $REQ_BASE == - || -n $PROBLEM || $REQ_BASE == "$BEFORE_SHA" ]] && return
  [[ $BEFORE_SHA == "$REQ_SHA" || ($REQ_LENGTH == 0 && $BEFORE_SHA == absent) ]] && return
  fail MOVED "the managed bytes are $BEFORE_SHA, expected $REQ_BASE"
}

validate_documents() {
  validate_document DOC "$REQ_LENGTH" 'the document'
  [[ $REQ_FB_SHA == - ]] || validate_document FB "$REQ_FB_LENGTH" 'the fallback document'
}

# validate_document DOC|FB LENGTH NAME: length 0 is the withdrawal and has nothing to validate.
validate_document() {
  # shellcheck disable=SC2178 # names of two variables, not their values
  local -n lines=$1_LINES text=$1_TEXT
  (($2 > 0)) || return 0
  ((${#text} == $2)) || fail INVALID "$3 holds NUL bytes"
  BAD='it was not judged'
  check_bytes lines
  [[ -z $BAD ]] || fail INVALID "$3: $BAD"
}

# Sets NEW_DIFFERS, and NEW_TEXT where the document is only a part of the file.
compose_new() {
  NEW_DIFFERS=''
  if [[ $TGT_SHAPE == block ]]; then
    assemble_block
    [[ $NEW_TEXT == "$OLD_TEXT" ]] || NEW_DIFFERS=1
  elif [[ $DOC_LENGTH == 0 ]]; then
    [[ -n $MANAGED_ABSENT ]] || NEW_DIFFERS=1
  else
    NEW_TEXT=$DOC_TEXT
    [[ -z $MANAGED_ABSENT && -z $OLD_OPAQUE && $OLD_TEXT == "$DOC_TEXT" ]] || NEW_DIFFERS=1
  fi
}

finish_unchanged() {
  local paths=("$JOURNAL" "$TARGET_DIR") from=-
  raise_fence
  [[ $INST_SHA == "$REQ_SHA" && -n $INST_ATOMIC ]] && ATOMIC=$INST_ATOMIC
  [[ $REQ_MODE == rollback ]] && restored_from && from=$RESTORED_FROM
  record_installed "$REQ_SHA" "$from"
  [[ $IDENTITY == absent ]] || paths+=("$TARGET")
  must sync -- "${paths[@]}"
  arm_dead_man
  disarm_others
  tell_again
  finish_proof
  answer_for_consumer
  [[ $REQ_MODE == rollback ]] && answer RESTORED
  answer UNCHANGED
}

# What a rollback replaced: the bytes that stood there, or what an earlier attempt of the same rollback recorded.
restored_from() {
  RESTORED_FROM=$BEFORE_SHA
  [[ $BEFORE_SHA == "$REQ_SHA" || ($BEFORE_SHA == absent && $REQ_LENGTH == 0) ]] || return 0
  if [[ -n $INST_SHA && $INST_SHA != "$REQ_SHA" ]]; then
    RESTORED_FROM=$INST_SHA
  elif [[ -n $INST_FROM && $INST_FROM != - ]]; then
    RESTORED_FROM=$INST_FROM
  fi
}

run_change() {
  local from=-
  [[ $REQ_MODE == rollback ]] && restored_from && from=$RESTORED_FROM
  [[ $REQ_MODE == expire ]] && from=$ARMED_SHA
  probe_baseline
  put_in_place
  if [[ -n $TGT_RELOAD$TGT_PROBE ]]; then
    must sync -- "$TARGET_DIR" "$STAGE_DIR"
    consult_consumer
  fi
  record_installed "$REQ_SHA" "$from"
  must sync -- "$JOURNAL" "$TARGET_DIR" "$STAGE_DIR"
  disarm_others
  finish_proof
  answer_for_consumer
  [[ $REQ_MODE == apply ]] && answer INSTALLED
  answer RESTORED
}

finish_proof() {
  add_rung digest ok
  ((DOC_LENGTH == 0)) || add_rung parsed ok
  run_part proof DOC_LINES
  ! has_flag content || ((DOC_LENGTH == 0)) || add_body content "$DOC_TEXT"
  ask_raw
  step proven
}
