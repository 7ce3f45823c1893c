# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# Looking at the target: what kind of file it is, its identity for the later comparison, and the managed bytes in it.

readonly READ_MAX=33554432
PROBLEM='' PROBLEM_TEXT=''
IDENTITY='' OLD_SIZE=0 OLD_TEXT='' OLD_LINES=() OLD_FILE='' OLD_OPAQUE=''
MANAGED_TEXT='' MANAGED_ABSENT=''
# Where the temp file will be made; empty while nothing is written.
STAGE_DIR=''

problem() {
  PROBLEM=$1 PROBLEM_TEXT=$2
}

inspect() {
  PROBLEM='' IDENTITY=absent OLD_SIZE=0 OLD_TEXT='' OLD_LINES=() OLD_OPAQUE='' MANAGED_TEXT='' MANAGED_ABSENT=''
  if led_away; then
    problem TARGET "a folder of $TGT_PATH is a symbolic link in somebody else's folder; expected the path of the enrolment"
  elif [[ -L $TARGET ]]; then
    problem TARGET "$TGT_PATH is a symbolic link; expected a file"
  elif [[ -d $TARGET ]]; then
    problem TARGET "$TGT_PATH is a directory; expected a file"
  elif [[ -e $TARGET && ! -f $TARGET ]]; then
    problem TARGET "$TGT_PATH is a device, a socket or a FIFO; expected a file"
  else
    look_at_target
    [[ -n $PROBLEM ]] || managed_bytes
  fi
}

# Whether a link on the way to the target stands in a folder that is not ours: whoever owns that would choose what we write.
# The enrolment describes paths without links, so that one came later.
led_away() {
  local dir=$ROOT part parts foreign=''
  # shellcheck disable=SC2206 # a path of a strict grammar, split at its slashes
  parts=(${TGT_PATH//\// })
  for part in "${parts[@]:0:${#parts[@]}-1}"; do
    dir+=/$part
    [[ -z $foreign || ! -L $dir ]] || return 0
    [[ -O $dir ]] || foreign=1
  done
  return 1
}

# One stat for the description, the target and, while installing, the two directories: equal devices or no rename.
look_at_target() {
  local paths=("$CONF_DIR/targets.d/$REQ_KIND") out fields
  [[ ! -e $TARGET ]] || paths+=("$TARGET")
  [[ -z $STAGE_DIR || $STAGE_DIR == "$TARGET_DIR" ]] || paths+=("$TARGET_DIR" "$STAGE_DIR")
  out=$(exec stat -c '%d %i %s %.9Y %a' -- "${paths[@]}" 2>&1) || fail_fs "$out"
  # shellcheck disable=SC2206 # numbers only
  fields=($out)
  # Whoever may write it chooses which file we write.
  ((!(8#${fields[4]} & 8#22))) ||
    fail KIND "the target description ${paths[0]} may be written by others than its owner (mode ${fields[4]}); expected 0644"
  if ((${#paths[@]} > 2)) && [[ ${fields[-5]} != "${fields[-10]}" ]]; then
    STAGE_DIR=$TARGET_DIR
  fi
  if [[ ${paths[1]-} == "$TARGET" ]]; then
    IDENTITY="${fields[*]:5:4}" OLD_SIZE=${fields[7]}
    read_old
  fi
}

read_old() {
  local now
  if ((OLD_SIZE > READ_MAX)); then
    OLD_OPAQUE=1
    [[ $TGT_SHAPE == file ]] || problem TARGET "$TGT_PATH has $OLD_SIZE bytes; expected at most $READ_MAX"
    return
  fi
  { mapfile OLD_LINES <"$TARGET"; } 2>/dev/null || fail_fs "$( (: <"$TARGET") 2>&1)"
  printf -v OLD_TEXT '%s' ${OLD_LINES[@]+"${OLD_LINES[@]}"}
  ((${#OLD_TEXT} != OLD_SIZE)) || return 0
  # Fewer bytes in memory than on disk: NUL bytes, or a file that changes right now.
  now=$(exec stat -c '%d %i %s %.9Y' -- "$TARGET" 2>&1)
  if [[ $now != "$IDENTITY" ]]; then
    problem MOVED "$TGT_PATH changes while it is read"
  elif [[ $TGT_SHAPE == block ]]; then
    problem MARKERS "$TGT_PATH holds NUL bytes; expected text"
  else
    OLD_OPAQUE=1
  fi
}

# The part of the target that is ours.
managed_bytes() {
  if [[ $TGT_SHAPE == block ]]; then
    locate_block
    [[ -z $PROBLEM ]] || return 0
    run_part legacy
    MANAGED_TEXT=$BLOCK_TEXT
    [[ -n $BLOCK_FOUND ]] || MANAGED_ABSENT=1
  else
    MANAGED_TEXT=$OLD_TEXT
    [[ $IDENTITY != absent ]] || MANAGED_ABSENT=1
    run_part legacy
  fi
}

managed_size() {
  BEFORE_SIZE=${#MANAGED_TEXT}
  [[ -z $OLD_OPAQUE ]] || BEFORE_SIZE=$OLD_SIZE
}

# Names the file that hash_all reads for the digest of now; nothing where memory knows it already.
prepare_old_digest() {
  OLD_FILE=''
  [[ -z $PROBLEM && -z $MANAGED_ABSENT ]] || return 0
  [[ -z $OLD_OPAQUE && $MANAGED_TEXT == "$DOC_TEXT" && ${#DOC_TEXT} == "$REQ_LENGTH" ]] && return
  if [[ $TGT_SHAPE == file ]]; then
    OLD_FILE=$TARGET
  else
    OLD_FILE=$STATE_DIR/tmp/.sync-controller.$SELF.${REQ_NONCE}o
    TRASH+=("$OLD_FILE")
    put "$OLD_FILE" "$MANAGED_TEXT"
  fi
}

set_before() {
  [[ -z $PROBLEM ]] || return 0
  managed_size
  if [[ -n $MANAGED_ABSENT ]]; then
    BEFORE_SHA=absent
  elif [[ -n $OLD_FILE ]]; then
    BEFORE_SHA=$OLD_HASH
  else
    BEFORE_SHA=$DOC_HASH
  fi
  AFTER_SHA=$BEFORE_SHA AFTER_SIZE=$BEFORE_SIZE
}

# Whether the target is still the one that was read: by its bytes where memory holds them, which needs no other process.
same_identity() {
  local lines=() text=''
  if [[ $IDENTITY == absent ]]; then
    [[ ! -e $TARGET && ! -L $TARGET ]]
  elif [[ -n $OLD_OPAQUE ]]; then
    [[ $(exec stat -c '%d %i %s %.9Y' -- "$TARGET" 2>/dev/null) == "$IDENTITY" ]]
  else
    [[ -f $TARGET && ! -L $TARGET ]] && { mapfile lines <"$TARGET"; } 2>/dev/null || return 1
    printf -v text '%s' ${lines[@]+"${lines[@]}"}
    [[ $text == "$OLD_TEXT" ]]
  fi
}
