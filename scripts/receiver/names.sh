# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# Judging a document. Grammars of host names and addresses run over whole lists at once: one glob over a joined list costs a thousandth of a
# loop in the shell, and an ordinary document must be judged in about a millisecond.

# check_bytes LINES-NAME: sets BAD to the first thing that the node's consumer must never see. What nobody judged is bad.
check_bytes() {
  BAD='no check of this receiver knows it'
  case $TGT_CHECK in
    hosts) BAD='' && hosts_validate "$1" ;;
    traefik-routes) BAD='' && routes_validate "$1" ;;
  esac
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
