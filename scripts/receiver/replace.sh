# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# Putting the composed bytes in the place of the target, so that a reader sees the old file or the new one.

# Raises the fence on the way: no byte of the target changes before the record is durable.
put_in_place() {
  local round
  for round in 1 2; do
    prepare_temp
    raise_fence
    must sync -- "$JOURNAL" ${TEMP:+"$TEMP"}
    step durable
    same_identity && break
    ((round == 1)) || fail MOVED "$TGT_PATH changed twice while the new file was prepared"
    look_again
  done
  arm_dead_man
  keep_backup
  step replacing
  if [[ -z $TEMP ]]; then
    must rm -f -- "$TARGET"
  else
    rename_temp
  fi
  step renamed
  read_back
}

# The file changed under us: start from what it is now, but only if our part of it did not move.
look_again() {
  local sha=$BEFORE_SHA
  [[ -z $TEMP || $TEMP == "$DOC_FILE" ]] || must rm -f -- "$TEMP"
  inspect
  [[ -z $PROBLEM ]] || fail "$PROBLEM" "$PROBLEM_TEXT"
  prepare_old_digest
  hash_all
  set_before
  [[ $REQ_BASE == - || $sha == "$BEFORE_SHA" ]] || fail MOVED "the managed bytes became $BEFORE_SHA meanwhile"
  compose_new
}

# A temp file with the bytes, the owner, the mode and the extended attributes of the target. None for a removal.
prepare_temp() {
  TEMP=''
  if [[ $TGT_SHAPE == file ]]; then
    ((DOC_LENGTH > 0)) || return 0
    TEMP=$DOC_FILE
    if [[ ${TEMP%/*} != "$STAGE_DIR" ]]; then
      # The described directory turned out to lie on another device.
      TEMP=$STAGE_DIR/${DOC_FILE##*/}n
      TRASH+=("$TEMP")
      must cp -p -- "$DOC_FILE" "$TEMP"
    fi
  else
    choose_stage
    TEMP=$STAGE_DIR/.sync-controller.$SELF.${REQ_NONCE}n
    TRASH+=("$TEMP")
    umask "$TARGET_UMASK"
    put "$TEMP" "$NEW_TEXT"
    umask 0077
  fi
  step assembled
  # Everything but the times: a file that changed must not look old.
  [[ $IDENTITY == absent ]] || ! own_path "$STAGE_DIR" || must cp --attributes-only --preserve=all --no-preserve=timestamps -- "$TARGET" "$TEMP"
}

# Whether a directory and all above it are ours. In somebody else's directory a name may become a link between two steps,
# and giving owner and mode to what it points at would be a way to root: there the file keeps those it was made with.
own_path() {
  local dir=$1
  while [[ -O $dir ]]; do
    [[ $dir != "${ROOT:-/}" ]] || return 0
    dir=${dir%/*}
    dir=${dir:-/}
  done
  return 1
}

# In a watched directory of a block target nothing special is needed, but a mount of its own is.
choose_stage() {
  [[ -n $STAGE_DIR ]] || STAGE_DIR=$TARGET_DIR
}

rename_temp() {
  local talk dir
  # A mounted file cannot be renamed over, and mv must never copy: both are known before it runs.
  mount_id "$TARGET_DIR"
  dir=$MOUNT_ID
  if [[ $IDENTITY != absent ]] && mount_id "$TARGET" && [[ $MOUNT_ID != "$dir" ]]; then
    write_in_place "$NEW_TEXT"
    return
  fi
  talk=$(exec mv -fT -- "$TEMP" "$TARGET" 2>&1) && return
  case $talk in
    *'Device or resource busy'*) write_in_place "$NEW_TEXT" ;;
    *) fail_fs "$talk" ;;
  esac
}

# Compares what a reader gets now with what was meant; only the managed part counts, the rest may be edited at any time.
read_back() {
  OLD_TEXT='' OLD_LINES=() MANAGED_TEXT=''
  if [[ -f $TARGET ]]; then
    { mapfile OLD_LINES <"$TARGET"; } 2>/dev/null
    printf -v OLD_TEXT '%s' ${OLD_LINES[@]+"${OLD_LINES[@]}"}
    MANAGED_TEXT=$OLD_TEXT
    if [[ $TGT_SHAPE == block && $OLD_TEXT == "$NEW_TEXT" && $LEGACY == 0 ]]; then
      MANAGED_TEXT=$DOC_TEXT
    elif [[ $TGT_SHAPE == block ]]; then
      locate_block
      MANAGED_TEXT=$BLOCK_TEXT
    fi
  fi
  [[ -z $PROBLEM && $MANAGED_TEXT == "$DOC_TEXT" ]] || fail MOVED "$TGT_PATH does not hold the new bytes; somebody else wrote it"
  if ((DOC_LENGTH == 0)); then
    AFTER_SHA=absent AFTER_SIZE=0
  else
    AFTER_SHA=$DOC_HASH AFTER_SIZE=$DOC_LENGTH
  fi
}

# For a person only; a node never restores from it. A failure here must not stop the change.
keep_backup() {
  local now file old files=() dir=$STATE_DIR/backup/$REQ_KIND
  [[ $IDENTITY != absent ]] || return 0
  [[ -d $dir ]] || mkdir -p -- "$dir" 2>/dev/null
  printf -v now '%(%s)T' -1
  file=$dir/$now-${BEFORE_SHA:0:12}
  if [[ -n $OLD_OPAQUE ]]; then
    cp -- "$TARGET" "$file" 2>/dev/null || TRASH+=("$file")
  else
    { printf '%s' "$OLD_TEXT" >|"$file"; } 2>/dev/null || TRASH+=("$file")
  fi
  set +f
  for old in "$dir"/[0-9]*-*; do
    [[ $old == "$file" ]] || files+=("$old")
  done
  set -f
  ((${#files[@]} < BACKUPS)) || TRASH+=("${files[@]:0:${#files[@]}-BACKUPS+1}")
}
