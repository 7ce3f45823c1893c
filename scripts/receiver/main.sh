# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# One exec is one request and one receipt.

begin() {
  local root=''
  case ${1-} in
    '') ;;
    --version)
      printf '%s\n' "$VERSION"
      exit 0
      ;;
    --root)
      root=${2-}
      ;;
    *)
      printf 'receive: expected no argument, --version or --root DIR, got %q\n' "$1" >&2
      exit 64
      ;;
  esac
  if [[ ${1-} == --root ]]; then
    # A demonstration must never reach the real paths, nor a privileged process a folder that somebody else prepared.
    if ((EUID == 0)) || [[ -n ${SUDO_USER-}${SUDO_UID-} || ! -d $root || ! -O $root || ! $root =~ ^/[A-Za-z0-9._/@+-]+$ ]]; then
      fail ROOT '--root expects an unprivileged process and an absolute directory of its own'
    fi
    root=${root%/}
  fi
  set_root "$root"
  read_request
  refuse_dead_man
  read_target
  DOC_LENGTH=$REQ_LENGTH
}

# The shell reads this file while it runs: a check is answered before the parts that install are even parsed.
serve_check() {
  [[ $REQ_MODE != check || $TGT_CHECK != "$1" ]] || run_check
}

serve() {
  case $REQ_MODE in
    confirm) run_confirm ;;
    *) run_apply ;;
  esac
}
