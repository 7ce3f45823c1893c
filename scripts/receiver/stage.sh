# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# Receiving the documents: counted bytes into temp files, before the lock, bounded by the deadline.

DOC_FILE='' DOC_TEXT='' DOC_LINES=()
FB_FILE='' FB_TEXT='' FB_LINES=()

# The identity of the mount that a path lies on. Equal ids mean that rename cannot cross a file system.
mount_id() {
  local fd key value
  MOUNT_ID=''
  { exec {fd}<"$1"; } 2>/dev/null || return 1
  while read -r key value; do
    [[ $key != mnt_id: ]] || MOUNT_ID=$value
  done <"/proc/self/fdinfo/$fd"
  exec {fd}<&-
  [[ -n $MOUNT_ID ]]
}

# Where the temp file is made: the described directory if a rename from there is one, else beside the target.
choose_stage_dir() {
  local own
  STAGE_DIR=$TARGET_DIR
  [[ -n $TGT_TEMP && -d $ROOT$TGT_TEMP && ! -L $ROOT$TGT_TEMP ]] || return 0
  mount_id "$TARGET_DIR" && own=$MOUNT_ID && mount_id "$ROOT$TGT_TEMP" && [[ $own == "$MOUNT_ID" ]] || return 0
  STAGE_DIR=$ROOT$TGT_TEMP
}

prepare_state() {
  [[ -d $STATE_DIR/tmp && -d $STATE_DIR/owners && -d $STATE_DIR/backup && -d $STATE_DIR/inplace ]] && return
  must mkdir -p -- "$STATE_DIR/tmp" "$STATE_DIR/owners" "$STATE_DIR/backup" "$STATE_DIR/inplace" "$STATE_DIR/clusters"
}

# A file that we create gets the described mode by its umask, without another process.
target_umask() {
  printf -v TARGET_UMASK '%04o' $((0777 & ~8#$TGT_MODE))
}

stage_documents() {
  prepare_state
  [[ -d $TARGET_DIR ]] || fail TARGET "the directory ${TGT_PATH%/*} is missing; expected it from the enrolment"
  choose_stage_dir
  target_umask
  local dir=$STATE_DIR/tmp mask=0077
  if [[ $TGT_SHAPE == file ]]; then
    dir=$STAGE_DIR mask=$TARGET_UMASK
  fi
  DOC_FILE=$dir/.sync-controller.$SELF.$REQ_NONCE
  FB_FILE=$dir/.sync-controller.$SELF.${REQ_NONCE}f
  TRASH+=("$DOC_FILE" "$FB_FILE")
  umask "$mask"
  receive_bytes "$DOC_FILE" "$REQ_LENGTH"
  step document
  receive_bytes "$FB_FILE" "$REQ_FB_LENGTH"
  umask 0077
  read_document DOC "$REQ_LENGTH"
  read_document FB "$REQ_FB_LENGTH"
  step staged
}

# receive_bytes FILE COUNT: one head in a process substitution, whose pipe tells its complaint, or its end, in time.
receive_bytes() {
  local pipe talk status
  (($2 > 0)) || return 0
  need_time "the document came"
  exec {pipe}< <(exec head -c "$2" 2>&1 >"$1")
  IFS= read -r -t "$REMAIN" -u "$pipe" talk
  status=$?
  if ((status > 128)); then
    kill -9 $! 2>/dev/null
    fail DEADLINE "deadline_ms $DEADLINE_MS passed before the counted bytes came"
  fi
  exec {pipe}<&-
  # Its exit code is not asked: the shell may have forgotten the process by now. A complaint or missing bytes tell.
  [[ -z $talk ]] || fail_fs "$talk"
}

# read_document DOC|FB COUNT: the lines and the text of a staged document; fewer bytes than counted end the request.
read_document() {
  # shellcheck disable=SC2178 # names of variables, not their values
  local -n file=$1_FILE lines=$1_LINES text=$1_TEXT
  local size
  if (($2 == 0)); then
    file='' text='' lines=()
    return
  fi
  mapfile lines <"$file"
  printf -v text '%s' "${lines[@]}"
  # A shell string ends at a NUL byte: fewer bytes in memory than on disk are kept for the validation to refuse.
  ((${#text} == $2)) && return
  size=$(exec stat -c %s -- "$file")
  ((size == $2)) || fail TRUNCATED "expected $2 bytes, got $size"
}

# Digests of everything at once: the documents, and the managed bytes of now where they are in OLD_FILE.
hash_all() {
  local files=() out fields i
  DOC_HASH=$EMPTY_SHA FB_HASH=$EMPTY_SHA OLD_HASH=$EMPTY_SHA
  [[ -z $DOC_FILE ]] || files+=("$DOC_FILE")
  [[ -z $FB_FILE ]] || files+=("$FB_FILE")
  [[ -z $OLD_FILE ]] || files+=("$OLD_FILE")
  ((${#files[@]} > 0)) || return 0
  out=$(exec sha256sum -- "${files[@]}" 2>&1) || fail_fs "$out"
  # shellcheck disable=SC2206 # paths hold no blanks, and -f forbids globs
  fields=($out)
  for ((i = 0; i < ${#fields[@]}; i += 2)); do
    case ${fields[i + 1]} in
      "$DOC_FILE") DOC_HASH=${fields[i]} ;;
      "$FB_FILE") FB_HASH=${fields[i]} ;;
      "$OLD_FILE") OLD_HASH=${fields[i]} ;;
    esac
  done
}

check_digests() {
  [[ $DOC_HASH == "$REQ_SHA" ]] || fail ALTERED "the document hashes to $DOC_HASH"
  [[ $REQ_FB_SHA == - || $FB_HASH == "$REQ_FB_SHA" ]] || fail ALTERED "the fallback document hashes to $FB_HASH"
}
