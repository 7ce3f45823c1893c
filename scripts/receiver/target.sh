# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The description of a target: /etc/sync-controller/targets.d/<kind>, read line by line and never evaluated.

TGT_SHAPE='' TGT_PATH='' TGT_TEMP='' TGT_MODE=0644 TGT_CHECK='' TGT_RAW_URL='' TGT_WEB_PORT='' TGT_WEBSECURE_PORT=''
TGT_RELOAD='' TGT_REFRESH='' TGT_PROBE=''
# What begins the names of the functions of this check, and keys that only they know.
TGT_PREFIX=''
declare -A TGT_OWN=()
TARGET='' TARGET_DIR=''

read_target() {
  local file=$CONF_DIR/targets.d/$REQ_KIND line format='' lines=()
  [[ -f $file && ! -L $file ]] || fail KIND "no target description $file on this node; expected it from the enrolment"
  # Whoever owns it chooses which file we write.
  [[ -O $file ]] || fail KIND "the target description $file belongs to somebody else; expected it from the enrolment"
  { mapfile -t lines <"$file"; } 2>/dev/null || fail KIND "the target description $file cannot be read"
  for line in ${lines[@]+"${lines[@]}"}; do
    case $line in
      '' | '#'*) ;;
      format=*) format=${line#*=} ;;
      shape=*) TGT_SHAPE=${line#*=} ;;
      path=*) TGT_PATH=${line#*=} ;;
      temp=*) TGT_TEMP=${line#*=} ;;
      mode=*) TGT_MODE=${line#*=} ;;
      check=*) TGT_CHECK=${line#*=} ;;
      raw_url=*) TGT_RAW_URL=${line#*=} ;;
      web_port=*) TGT_WEB_PORT=${line#*=} ;;
      websecure_port=*) TGT_WEBSECURE_PORT=${line#*=} ;;
      reload=*) TGT_RELOAD=${line#*=} ;;
      refresh=*) TGT_REFRESH=${line#*=} ;;
      probe=*) TGT_PROBE=${line#*=} ;;
      *)
        [[ $line =~ ^[a-z_]+=[[:print:]]*$ ]] || fail KIND "$file holds a line that is not key=value"
        TGT_OWN[${line%%=*}]=${line#*=}
        ;;
    esac
  done
  [[ $format == SC1 ]] || fail KIND "$file: expected format=SC1"
  check_target "$file"
  TARGET=$ROOT$TGT_PATH
  TARGET_DIR=${TARGET%/*}
  TARGET_DIR=${TARGET_DIR:-/}
}

# target_key FILE KEY VALUE REGEX
target_key() {
  [[ $3 =~ $4 ]] || {
    # A value that breaks its grammar must not reach the receipt.
    TGT_SHAPE='' TGT_PATH=''
    fail KIND "$1: the value of $2 breaks its grammar"
  }
}

check_target() {
  local path='^/[A-Za-z0-9._/@+-]{1,200}$' port='^([1-9][0-9]{0,4})?$' words='^(/[A-Za-z0-9._/@:=+-]+( [A-Za-z0-9._/@:=+-]+)*)?$'
  target_key "$1" shape "$TGT_SHAPE" '^(file|block)$'
  target_key "$1" path "$TGT_PATH" "$path"
  [[ $TGT_PATH != *//* && $TGT_PATH/ != */../* && $TGT_PATH/ != */./* && $TGT_PATH != */ ]] || target_key "$1" path '' "$path"
  [[ -z $TGT_TEMP ]] || target_key "$1" temp "$TGT_TEMP" "$path"
  target_key "$1" mode "$TGT_MODE" '^0?[0-7]{3}$'
  target_key "$1" raw_url "$TGT_RAW_URL" '^(http://127[.]0[.]0[.]1:[1-9][0-9]{0,4}(/[A-Za-z0-9._/-]*)?)?$'
  target_key "$1" web_port "$TGT_WEB_PORT" "$port"
  target_key "$1" websecure_port "$TGT_WEBSECURE_PORT" "$port"
  target_key "$1" reload "$TGT_RELOAD" "$words"
  target_key "$1" refresh "$TGT_REFRESH" "$words"
  target_key "$1" probe "$TGT_PROBE" "$words"
  target_key "$1" check "$TGT_CHECK" '^[a-z][a-z0-9-]{0,31}$'
  TGT_PREFIX=${CHECKS[$TGT_CHECK/$TGT_SHAPE]-}
  [[ -n $TGT_PREFIX ]] || fail KIND "$1: check $TGT_CHECK with shape $TGT_SHAPE is not known to this receiver"
}
