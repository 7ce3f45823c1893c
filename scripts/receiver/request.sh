# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The request line: 17 tokens, each checked before anything else looks at it.

REQ_MODE=- REQ_CLUSTER=- REQ_NODE=- REQ_KIND=- REQ_EPOCH=0 REQ_WRITER=- REQ_SEQ=0 REQ_BASE=- REQ_LENGTH=0 REQ_SHA=-
REQ_NONCE=- REQ_CONFIRM=0 REQ_FLAGS=- REQ_FB_LENGTH=0 REQ_FB_SHA=-

# read_line WAIT_MS: sets LINE and LINE_STATUS, the status of the reading.
read_line() {
  # -n bounds what a line may cost; the shell reads byte by byte here, so that no byte of a body is taken.
  IFS= read -r -t $(($1 / 1000)) -n $((LINE_MAX + 1)) LINE
  LINE_STATUS=$?
  return "$LINE_STATUS"
}

take_line() {
  local line=$LINE status=$LINE_STATUS
  ((status <= 128)) || fail DEADLINE "no request line came within $LINE_WAIT_MS ms"
  ((${#line} <= LINE_MAX)) || fail REQUEST "the request line is longer than $LINE_MAX bytes"
  local -a tokens
  # shellcheck disable=SC2206 # splitting at single spaces is meant; -f forbids globs
  tokens=($line)
  # The nonce is echoed even where the rest is refused, so that the controller knows whom the answer is for.
  [[ ${tokens[11]-} =~ ^[a-z0-9]{16,64}$ ]] && REQ_NONCE=${tokens[11]}
  ((status == 0)) || fail REQUEST 'the request line is not ended by a newline'
  [[ $line != *[!A-Za-z0-9._:@\ -]* && $line != *'  '* && $line != ' '* && $line != *' ' && -n $line ]] ||
    fail REQUEST 'the request line holds other characters than tokens and single spaces'
  [[ ${tokens[0]} == SC1 ]] || fail UNSUPPORTED "wire version ${tokens[0]:0:16} is not known; this receiver speaks SC1"
  ((${#tokens[@]} == 17)) || fail REQUEST "expected 17 tokens, got ${#tokens[@]}"
  take_tokens "${tokens[@]}"
}

# expect POSITION VALUE REGEX
expect() {
  [[ $2 =~ $3 ]] || fail REQUEST "token $1 breaks its grammar"
}

# expect_number POSITION VALUE LEAST MOST
expect_number() {
  expect "$1" "$2" '^(0|[1-9][0-9]{0,15})$'
  (($2 >= $3 && $2 <= $4)) || fail REQUEST "token $1: expected a number from $3 to $4"
}

take_tokens() {
  local least=1 hex='^[0-9a-f]{64}$'
  expect 2 "$2" '^[a-z]{1,16}$'
  expect 3 "$3" '^[a-z0-9-]{8,64}$'
  expect 4 "$4" '^[a-z][a-z0-9_]{0,31}@[A-Za-z0-9._:-]{1,90}$'
  expect 5 "$5" '^[a-z][a-z0-9-]{0,31}$'
  REQ_MODE=$2 REQ_CLUSTER=$3 REQ_NODE=$4 REQ_KIND=$5
  [[ $REQ_MODE == check ]] && least=0
  expect_number 6 "$6" $least 9007199254740991
  expect 7 "$7" '^[a-z0-9]{8,64}$'
  expect_number 8 "$8" $least 9007199254740991
  expect 9 "$9" '^([0-9a-f]{64}|absent|-)$'
  expect_number 10 "${10}" 0 "$DOCUMENT_MAX"
  expect 12 "${12}" '^[a-z0-9]{16,64}$'
  expect_number 13 "${13}" 100 600000
  expect_number 14 "${14}" 0 3600
  expect 15 "${15}" '^(-|[a-z][a-z-]{0,31}([.][a-z][a-z-]{0,31})*)$'
  expect_number 16 "${16}" 0 "$DOCUMENT_MAX"
  [[ ${17} == - && ${16} == 0 ]] || expect 17 "${17}" "$hex"
  REQ_EPOCH=$6 REQ_WRITER=$7 REQ_SEQ=$8 REQ_BASE=$9 REQ_LENGTH=${10} REQ_SHA=${11} REQ_NONCE=${12}
  DEADLINE_MS=${13} REQ_CONFIRM=${14} REQ_FLAGS=${15} REQ_FB_LENGTH=${16} REQ_FB_SHA=${17}
  check_mode
  check_flags
}

# What a mode may carry.
check_mode() {
  case $REQ_MODE in
    apply | rollback)
      expect 11 "$REQ_SHA" '^[0-9a-f]{64}$'
      [[ $REQ_CONFIRM == 0 || $REQ_FB_SHA != - ]] || fail REQUEST 'token 14: confirm_s needs a fallback document'
      ;;
    check | confirm)
      [[ $REQ_LENGTH == 0 && $REQ_SHA == - && $REQ_FB_LENGTH == 0 && $REQ_FB_SHA == - && $REQ_CONFIRM == 0 ]] ||
        fail REQUEST "mode $REQ_MODE carries no document"
      ;;
    *) fail UNSUPPORTED "mode $REQ_MODE is not known to this receiver" ;;
  esac
}

check_flags() {
  local flag
  [[ $REQ_FLAGS != - ]] || return 0
  for flag in ${REQ_FLAGS//./ }; do
    case $flag in
      content | raw | answers | reload | take-over) ;;
      *) fail UNSUPPORTED "flag $flag is not known to this receiver" ;;
    esac
  done
}

has_flag() {
  [[ .$REQ_FLAGS. == *.$1.* ]]
}
