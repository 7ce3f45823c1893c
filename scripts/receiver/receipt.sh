# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The receipt: an empty line, one JSON line, the bodies it counts; then the exit code of the result.

declare -rA CODES=(
  [INSTALLED]=0 [UNCHANGED]=0 [CHECKED]=0 [CONFIRMED]=0
  [FENCED]=10 [RIVAL]=11 [STALE]=12 [CONFLICT]=13 [OWNED]=14 [BUSY]=15 [MOVED]=16
  [REQUEST]=20 [TRUNCATED]=21 [ALTERED]=22 [UNSUPPORTED]=23 [KIND]=24
  [INVALID]=30 [MARKERS]=31 [TARGET]=32 [DAMAGED]=33
  [NOSPACE]=40 [READONLY]=41 [IO]=42 [DEADLINE]=43
  [RESTORED]=50 [RESTORE_FAILED]=51 [REJECTED]=52 [CONSUMER_DOWN]=53 [ROOT]=60
)

TEXT='' FIRST=''
BEFORE_SHA='' BEFORE_SIZE=0 AFTER_SHA='' AFTER_SIZE=0
RUNGS='' LEGACY=0 CUT=0
# Set while the fallback goes in: whatever fails then is one and the same answer.
RESTORING=''
BODY_NAMES=() BODY_TEXTS=()
TRASH=()

# Temp files of this request go with one rm, whatever the end.
clean_up() {
  local file present=()
  for file in ${TRASH[@]+"${TRASH[@]}"}; do
    [[ -e $file || -L $file ]] && present+=("$file")
  done
  TRASH=()
  ((${#present[@]} == 0)) || rm -f -- "${present[@]}" 2>/dev/null
}

# fail RESULT SENTENCE
fail() {
  add_text "$2"
  [[ -z $RESTORING ]] || answer RESTORE_FAILED
  answer "$1"
}

add_text() {
  TEXT+=${TEXT:+; }$1
}

# fail_fs MESSAGE-OF-A-TOOL: which of NOSPACE, READONLY, IO it is.
fail_fs() {
  case $1 in
    *'No space left'* | *'quota exceeded'*) fail NOSPACE "$1" ;;
    *'Read-only file system'* | *'Permission denied'* | *'Operation not permitted'*) fail READONLY "$1" ;;
    *) fail IO "$1" ;;
  esac
}

# Runs one program. A failure is repeated with an ear to its complaint, which decides the answer.
must() {
  local talk
  "$@" 2>/dev/null && return
  talk=$(exec "$@" 2>&1) || fail_fs "$talk"
}

# put FILE TEXT: writes a new file; a failure is repeated in a subshell to learn its cause.
put() {
  local talk
  { printf '%s' "$2" >"$1"; } 2>/dev/null && return
  talk=$({ printf '%s' "$2" >|"$1"; } 2>&1) || fail_fs "$talk"
}

add_rung() {
  RUNGS+=${RUNGS:+,}\"$1\":\"$2\"
}

add_body() {
  BODY_NAMES+=("$1")
  BODY_TEXTS+=("$2")
}

json_digest() {
  JSON=null
  [[ -z $1 ]] || JSON="{\"sha\":\"$1\",\"size\":$2}"
}

json_records() {
  FENCE_JSON=null INSTALLED_JSON=null OWNER_JSON=null
  if [[ -n $FENCE_EPOCH ]]; then
    FENCE_JSON="{\"epoch\":$FENCE_EPOCH,\"writer\":\"$FENCE_WRITER\",\"seq\":$FENCE_SEQ,\"sha\":\"$FENCE_SHA\"}"
  fi
  if [[ -n $INST_EPOCH ]]; then
    local from=null atomic=true
    [[ $INST_FROM == - ]] || from=\"$INST_FROM\"
    [[ $INST_ATOMIC == atomic ]] || atomic=false
    INSTALLED_JSON="{\"epoch\":$INST_EPOCH,\"writer\":\"$INST_WRITER\",\"seq\":$INST_SEQ,\"sha\":\"$INST_SHA\""
    INSTALLED_JSON+=",\"restored_from\":$from,\"at\":$INST_AT,\"atomic\":$atomic}"
  fi
  [[ -z $OWNER_CLUSTER ]] || OWNER_JSON="{\"cluster\":\"$OWNER_CLUSTER\",\"kind\":\"$OWNER_KIND\"}"
}

# first_word FILE: the first line of a small file, reduced to token characters.
first_word() {
  WORD=''
  [[ ! -f $1 ]] || { read -r WORD <"$1"; } 2>/dev/null
  WORD=${WORD//[!A-Za-z0-9._:@-]/-}
  WORD=${WORD:0:128}
}

json_facts() {
  local boot machine clock
  first_word /proc/sys/kernel/random/boot_id
  boot=$WORD
  first_word "$ROOT/etc/machine-id"
  machine=$WORD
  first_word /proc/sys/kernel/hostname
  [[ -z $ROOT || ! -f $ROOT/etc/hostname ]] || first_word "$ROOT/etc/hostname"
  uptime_ms
  printf -v clock '%(%s)T' -1
  FACTS_JSON="{\"receiver\":\"$VERSION\",\"wire\":[1],\"boot\":\"$boot\",\"clock\":$clock,\"machine\":\"$machine\""
  FACTS_JSON+=",\"hostname\":\"$WORD\",\"bash\":\"${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]}\",\"shape\":\"$TGT_SHAPE\""
  FACTS_JSON+=",\"path\":\"$TGT_PATH\",\"ms\":$((UPTIME_MS - START_MS)),\"cut\":$CUT,\"legacy\":$LEGACY}"
}

# answer RESULT: never returns.
answer() {
  local result=$1 code=${CODES[$1]} line text='' bodies='' i
  [[ $result == RESTORED && $REQ_MODE != apply && $REQ_MODE != confirm ]] && code=0
  clean_up
  [[ -z $TEXT ]] || text=$(printf '%s' "${TEXT:0:2000}" | base64 -w0)
  for i in ${BODY_NAMES[@]+"${!BODY_NAMES[@]}"}; do
    bodies+=${bodies:+,}"{\"name\":\"${BODY_NAMES[i]}\",\"length\":${#BODY_TEXTS[i]}}"
  done
  json_records
  json_facts
  line="{\"sc\":1,\"nonce\":\"$REQ_NONCE\",\"node\":\"$REQ_NODE\",\"kind\":\"$REQ_KIND\",\"mode\":\"$REQ_MODE\""
  line+=",\"result\":\"$result\",\"code\":$code,\"first\":${FIRST:-false}"
  line+=",\"fence\":$FENCE_JSON,\"installed\":$INSTALLED_JSON,\"owner\":$OWNER_JSON"
  json_digest "$BEFORE_SHA" "$BEFORE_SIZE"
  line+=",\"before\":$JSON"
  json_digest "$AFTER_SHA" "$AFTER_SIZE"
  line+=",\"after\":$JSON,\"rungs\":{$RUNGS},\"facts\":$FACTS_JSON,\"text\":\"$text\",\"bodies\":[$bodies]}"
  printf '\n%s\n' "$line"
  ((${#BODY_TEXTS[@]} == 0)) || printf '%s' "${BODY_TEXTS[@]}"
  exit "$code"
}
