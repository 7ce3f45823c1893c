# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# check: reads and never writes. No record, no lock file, no temp file.

run_check() {
  inspect
  [[ $PROBLEM != MOVED ]] || inspect
  read_owner
  read_journal
  [[ -n $FENCE_EPOCH ]] || FIRST=true
  if [[ -z $PROBLEM ]]; then
    check_managed
  fi
  [[ -z $DAMAGE ]] || fail DAMAGED "$DAMAGE"
  [[ -z $PROBLEM ]] || fail "$PROBLEM" "$PROBLEM_TEXT"
  ask_raw
  answer CHECKED
}

check_managed() {
  managed_size
  BEFORE_SHA=absent
  if [[ -z $MANAGED_ABSENT ]]; then
    hash_now
    compare_installed
    parse_now
    if has_flag content; then
      if [[ -n $OLD_OPAQUE ]] || ((BEFORE_SIZE > DOCUMENT_MAX)); then
        CUT=$BEFORE_SIZE
      else
        add_body content "$MANAGED_TEXT"
      fi
    fi
  elif [[ -n $INST_SHA && $INST_SHA != "$EMPTY_SHA" ]]; then
    add_rung digest bad
  fi
  AFTER_SHA=$BEFORE_SHA AFTER_SIZE=$BEFORE_SIZE
}

# From memory, so that digest and content are of the same moment.
hash_now() {
  local out
  if [[ -n $OLD_OPAQUE ]]; then
    out=$(exec sha256sum -- "$TARGET" 2>&1) || fail_fs "$out"
  else
    out=$(exec sha256sum < <(printf '%s' "$MANAGED_TEXT"))
  fi
  BEFORE_SHA=${out%% *}
}

compare_installed() {
  if [[ -z $INST_SHA ]]; then
    add_rung digest none
  elif [[ $INST_SHA == "$BEFORE_SHA" ]]; then
    add_rung digest ok
  else
    add_rung digest bad
  fi
}

parse_now() {
  BAD=''
  DOC_LINES=(${OLD_LINES[@]+"${OLD_LINES[@]}"})
  [[ $TGT_SHAPE == file ]] || lines_of_block
  [[ -z $OLD_OPAQUE ]] || BAD='the file is no text'
  if [[ -z $BAD ]]; then
    BAD='it was not judged'
    check_bytes DOC_LINES
  fi
  if [[ -n $BAD ]]; then
    add_rung parsed bad
    add_text "$BAD"
    return
  fi
  add_rung parsed ok
  run_part proof DOC_LINES
}

lines_of_block() {
  local IFS=$'\n'
  # shellcheck disable=SC2206 # one element a line; splitting drops empty lines, which no block of ours holds
  DOC_LINES=($BLOCK_TEXT)
  DOC_LINES=("${DOC_LINES[@]/%/$'\n'}")
  [[ $BLOCK_TEXT != *$'\n\n'* && $BLOCK_TEXT == *$'\n' ]] || BAD='the block holds an empty line, or its last line is not ended'
}
