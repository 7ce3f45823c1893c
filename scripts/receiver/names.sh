# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# Judging a document. Grammars of host names and addresses run over whole lists at once: one glob over a joined list costs a thousandth of a
# loop in the shell, and an ordinary document must be judged in about a millisecond.

# run_part NAME ARGUMENT...: what the part of this target's check brings under that name, if anything.
run_part() {
  ! declare -F "${TGT_PREFIX}_$1" >/dev/null || "${TGT_PREFIX}_$1" "${@:2}"
}

# check_bytes LINES-NAME: sets BAD to the first thing that the node's consumer must never see. What nobody judged is bad.
check_bytes() {
  BAD='no check of this receiver knows it'
  declare -F "${TGT_PREFIX}_validate" >/dev/null || return 0
  BAD=''
  run_part validate "$1"
}

# are_host_names NAME...: labels of 1-63 letters, digits and inner hyphens; 253 at most; never an address, never localhost.
are_host_names() {
  local all=" $* "
  (($# > 0)) || return 0
  case $all in
    *[!A-Za-z0-9.\ -]* | *..* | *.-* | *-.* | *' '[.\ -]* | *[.-]' '*) return 1 ;;
    *' localhost '* | *' localhost.'* | *'.localhost '* | *' ip6-'*) return 1 ;;
  esac
  # Only digits after the last dot would be an address for some readers; few names end in a digit at all.
  [[ $all != *[0-9]' '* ]] || ends_in_letters "$@" || return 1
  ! [[ $all =~ [^.\ ]{64} || $all =~ [^\ ]{254} ]]
}

ends_in_letters() {
  local name
  for name; do
    [[ $name != *[0-9] || ${name##*.} == *[!0-9]* ]] || return 1
  done
}

# are_addresses ADDRESS...: IPv4 without leading zeros, or IPv6.
are_addresses() {
  local address four=() dots octets
  if [[ "$*" != *:* ]]; then
    four=("$@")
  else
    for address; do
      case $address in
        *:*) is_address6 "$address" || return 1 ;;
        *) four+=("$address") ;;
      esac
    done
  fi
  ((${#four[@]} > 0)) || return 0
  printf -v dots ' %s' "${four[@]//[!.]/}"
  [[ -z ${dots// .../} && " ${four[*]} " != *[!0-9.\ ]* ]] || return 1
  case " ${four[*]} " in *..* | *' .'* | *'. '*) return 1 ;; esac
  octets=" ${four[*]//./ } "
  case $octets in
    *[0-9][0-9][0-9][0-9]* | *' 0'[0-9]* | *' '[3-9][0-9][0-9]* | *' 2'[6-9][0-9]* | *' 25'[6-9]*) return 1 ;;
  esac
}

# check_backends ADDRESS:PORT...: sets BAD to the first that is not an address, IPv6 in brackets, and a port.
check_backends() {
  local backend port addresses=()
  for backend; do
    port=${backend##*:} backend=${backend%:*}
    case $backend in
      '['*:*']') backend=${backend:1:-1} ;;
      *:*) BAD="the backend '${backend:0:80}' needs brackets" ;;
    esac
    [[ $port == [1-9]* && $port != *[!0-9]* && ${#port} -le 5 ]] && ((port <= 65535)) || BAD="'${port:0:80}' is not the port of a backend"
    [[ -z $BAD ]] || return 0
    addresses+=("$backend")
  done
  are_addresses ${addresses[@]+"${addresses[@]}"} || BAD='a backend names something else than an address'
}

is_address6() {
  local part parts
  [[ $1 != *[!0-9a-fA-F:]* && $1 != *:::* && $1 != *::*::* ]] || return 1
  [[ $1 == '::'* || $1 != :* ]] && [[ $1 == *'::' || $1 != *: ]] || return 1
  # shellcheck disable=SC2206 # hexadecimal digits and colons only
  parts=(${1//:/ })
  for part in ${parts[@]+"${parts[@]}"}; do
    ((${#part} <= 4)) || return 1
  done
  if [[ $1 == *::* ]]; then
    ((${#parts[@]} <= 7))
  else
    ((${#parts[@]} == 8))
  fi
}
