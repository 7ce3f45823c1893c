# shellcheck shell=bash disable=SC2016,SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# Asking the consumer of a target over the loopback: what it reports of itself, and what a request by host name gets.

readonly ASK_HOSTS_MAX=50

# ask_raw: what the consumer itself has loaded, as body `raw`: one bounded request over the shell's own TCP, in a child that a timeout ends.
ask_raw() {
  local url=${TGT_RAW_URL#http://} port path answer status
  has_flag raw || return 0
  if [[ -z $TGT_RAW_URL ]]; then
    add_rung raw none
    return
  fi
  port=${url%%/*}
  port=${port##*:}
  path=/${url#*/}
  [[ $url == */* ]] || path=/
  remaining 3000 || REMAIN=0.100
  answer=$(exec timeout "$REMAIN" /bin/bash --norc -p -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf "GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n" "$2" "$1" >&3
    exec head -c "$3" <&3' raw "$port" "$path" $((DOCUMENT_MAX + 4096)) 2>/dev/null)
  status=$?
  if ((status != 0)) || [[ ! $answer =~ ^HTTP/1[.][01]\ [0-9]{3} ]]; then
    add_rung raw down
    add_text "nothing answers at $TGT_RAW_URL"
  elif [[ $answer != HTTP/1.[01]' 200'* || $answer != *$'\r\n\r\n'* ]]; then
    add_rung raw bad
    add_text "$TGT_RAW_URL answers ${answer:9:3}"
  else
    answer=${answer#*$'\r\n\r\n'}
    if ((${#answer} > DOCUMENT_MAX)); then
      CUT=${#answer}
      add_rung raw bad
      add_text "$TGT_RAW_URL answers more than $DOCUMENT_MAX bytes"
    else
      add_rung raw ok
      add_body raw "$answer"
    fi
  fi
}

# wants_answers: without a report that tells what is loaded, a request is the only proof; it costs one request a host.
wants_answers() {
  [[ $REQ_MODE == check ]] && { has_flag answers || { has_flag raw && [[ -z $TGT_RAW_URL ]]; }; }
}

# request_hosts SCHEME PORT HOST...: REPLIES gets three numbers a host: status code (000: none), bytes, connections made. Fails without curl.
request_hosts() {
  local scheme=$1 port=$2 args=() host out
  REPLIES=()
  [[ -n $port ]] && type -P curl >/dev/null || return 1
  for host in "${@:3}"; do args+=(-o /dev/null "$scheme://$host:$port/"); done
  remaining 5000 || REMAIN=0.100
  out=$(exec timeout "$REMAIN" curl -q -s -k --noproxy '*' --connect-timeout 1 -m 2 --connect-to "::127.0.0.1:$port" \
    -w '%{http_code} %{size_download} %{num_connects}\n' "${args[@]}" 2>/dev/null)
  # shellcheck disable=SC2206 # numbers only
  REPLIES=($out)
}
