# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# One exec is one request and one receipt.

EXPIRE_AFTER=''
# Set while requests are served one after the other.
STAY=''

begin() {
  set_root ''
  if [[ ${1-} == --root ]]; then
    use_root "${2-}"
    shift 2
  fi
  case ${1-}:$# in
    :0)
      read_line "$LINE_WAIT_MS"
      if [[ $LINE == "$STAY_LINE" && $LINE_STATUS == 0 ]]; then
        STAY=1
        return
      fi
      take_line
      ;;
    --expire:4) expire_request "$2" "$3" "$4" ;;
    --version:1)
      printf '%s\n' "$VERSION"
      exit 0
      ;;
    *)
      printf 'receive: expected no argument, --version or --root DIR, got %q\n' "$1" >&2
      exit 64
      ;;
  esac
  read_target
  DOC_LENGTH=$REQ_LENGTH
}

# A demonstration must never reach the real paths, nor a privileged process a folder that somebody else prepared.
use_root() {
  if ((EUID == 0)) || [[ -n ${SUDO_USER-}${SUDO_UID-} || ! -d $1 || ! -O $1 || ! $1 =~ ^/[A-Za-z0-9._/@+-]+$ ]]; then
    fail ROOT '--root expects an unprivileged process and an absolute directory of its own'
  fi
  set_root "${1%/}"
}

# The call of our own timer; whoever else makes it changes nothing before the time has come.
expire_request() {
  [[ $1 =~ ^[a-z0-9-]{8,64}$ && $2 =~ ^[a-z][a-z0-9-]{0,31}$ && $3 =~ ^[0-9]{1,4}$ ]] || exit 64
  REQ_MODE=expire REQ_CLUSTER=$1 REQ_KIND=$2 EXPIRE_AFTER=$3
}

# The shell reads this file while it runs: a check is answered before the parts that install are even parsed.
serve_check() {
  [[ -n $STAY || $REQ_MODE != check || $TGT_CHECK != "$1" ]] || run_check
}

serve() {
  if [[ -n $STAY ]]; then
    stay
  fi
  case $REQ_MODE in
    confirm) run_confirm ;;
    expire) run_expire ;;
    *) run_apply ;;
  esac
}

# Each request in a process of its own, a copy of this one before any request: nothing of one reaches the next.
stay() {
  while read_line "$STAY_WAIT_MS" && (serve_next); do :; done
  exit 0
}

# Ends with the code of its result: after any but a success, bytes of a document may still stand before the next request.
serve_next() {
  SELF=$BASHPID
  uptime_ms
  START_MS=$UPTIME_MS
  take_line
  read_target
  DOC_LENGTH=$REQ_LENGTH
  if [[ $REQ_MODE == check ]]; then
    run_check
  fi
  STAY=''
  serve
}
