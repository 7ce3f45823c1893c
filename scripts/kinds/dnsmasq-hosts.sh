# The `dnsmasq-hosts` check of the receiver: a file of names in a `hostsdir` of dnsmasq, and a DNS query as its proof.
# check: dnsmasq-hosts file dnsmasq
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317 # a part: its names are used or set by the others

# dnsmasq answers at most 100 questions of one connection.
readonly DNSMASQ_NAMES_MAX=96 DNSMASQ_TITLE='^# sync-controller names ([a-z0-9-]{8,64})$'

# dnsmasq_validate LINES-NAME: the lines are those of /etc/hosts, and each answers for exactly its names.
dnsmasq_validate() {
  local -n dv_lines=$1
  local i
  if [[ ! ${dv_lines[0]%$'\n'} =~ $DNSMASQ_TITLE ]] || [[ $REQ_MODE != check && ${BASH_REMATCH[1]} != "$REQ_CLUSTER" ]]; then
    BAD="expected the title of cluster $REQ_CLUSTER in the first line"
    return
  fi
  for ((i = 1; i < ${#dv_lines[@]}; i += HOSTS_CHUNK)); do
    hosts_chunk "${dv_lines[@]:i:HOSTS_CHUNK}" || return 0
  done
  [[ ${dv_lines[-1]} == *$'\n' ]] || BAD='the last line has no newline'
}

# dnsmasq_proof LINES-NAME: a `check` asks by a flag; whether dnsmasq has followed an `apply` is asked by the next check.
dnsmasq_proof() {
  ! wants_answers || dnsmasq_answers "$1"
}

# dnsmasq_answers LINES-NAME: every name (of many a sample, spread) is asked for over one TCP connection, which says by itself
# where an answer ends. A last question of no length makes dnsmasq close; what does not close is read as far as it came in time.
# shellcheck disable=SC2206 # bytes as two digits
dnsmasq_answers() {
  local server=${TGT_OWN[dns]-} port names=() wanted=() types=() questions='' out words=()
  if [[ ! $server =~ ^([0-9.]{7,15}|\[[0-9a-f:]{2,39}\]):[1-9][0-9]{0,4}$ ]]; then
    add_rung answers none
    return
  fi
  port=${server##*:} server=${server%:*} server=${server#[} server=${server%]}
  dnsmasq_choose "$1"
  dnsmasq_questions
  remaining 1500 || REMAIN=0.100
  out=$(exec timeout "$REMAIN" /bin/bash --norc -p -c '
    exec 3<>"/dev/tcp/$1/$2" || exit 1
    printf "$3" >&3
    exec cat <&3' dns "$server" "$port" "$questions\x00\x00" 2>/dev/null | exec od -An -v -tx1 -w16)
  words=($out)
  if ((${#words[@]} == 0)); then
    add_rung answers down
    add_text "dnsmasq does not answer at ${TGT_OWN[dns]}"
  else
    dnsmasq_compare
  fi
}

# dnsmasq_choose LINES-NAME: names, wanted and types.
dnsmasq_choose() {
  local -n dc_lines=$1
  local i line every=$((${#dc_lines[@]} / DNSMASQ_NAMES_MAX + 1))
  for ((i = ${#dc_lines[@]} - 1; i > 0; i -= every)); do
    line=${dc_lines[i]%$'\n'}
    [[ $line == [!'#']*$'\t'* ]] || continue
    wanted+=("${line%%$'\t'*}")
    line=${line#*$'\t'}
    names+=("${line%% *}")
    if [[ ${wanted[-1]} == *:* ]]; then types+=(1c); else types+=(01); fi
  done
}

# dnsmasq_questions: all questions as one format of printf, each with its length before it and its position as its id.
dnsmasq_questions() {
  local i label size part
  for i in "${!names[@]}"; do
    part='' size=17
    for label in ${names[i]//./ }; do
      size=$((size + ${#label} + 1))
      printf -v label '\\x%02x%s' "${#label}" "$label"
      part+=$label
    done
    printf -v label '\\x%02x\\x%02x\\x%02x\\x%02x' $((size >> 8)) $((size & 255)) $((i >> 8)) $((i & 255))
    questions+="$label\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00$part\\x00\\x00\\x${types[i]}\\x00\\x01"
  done
  # Without a name of ours, whatever dnsmasq says of its own version proves that it is there.
  ((${#names[@]} > 0)) ||
    questions='\x00\x1e\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03'
}

# dnsmasq_compare: each name has the wanted address and no other; the first that has not is named.
dnsmasq_compare() {
  local got=() i HEX bad=()
  dnsmasq_read
  for i in "${!names[@]}"; do
    dnsmasq_hex "${wanted[i]}"
    # A second address beside ours (a foreign line of the same name) is an answer of somebody else's, whichever comes first.
    [[ -n ${got[i]-} && -z ${got[i]//" $HEX"/} ]] || bad+=("${wanted[i]} for ${names[i]}")
  done
  if ((${#bad[@]} == 0)); then
    add_rung answers ok
  else
    add_rung answers bad
    add_text "dnsmasq does not answer just ${bad[0]}"
    ((${#bad[@]} == 1)) || add_text "$((${#bad[@]} - 1)) more names are wrong"
  fi
}

# dnsmasq_read: got, by the id of the question, every record of the wanted type in hexadecimal.
dnsmasq_read() {
  local at=0 end id count size
  while ((at + 14 <= ${#words[@]})); do
    end=$((at + 2 + 0x${words[at]}${words[at + 1]}))
    id=$((0x${words[at + 2]}${words[at + 3]})) count=$((0x${words[at + 8]}${words[at + 9]}))
    ((at += 14))
    dnsmasq_skip_name
    ((at += 4))
    for (( ; count > 0 && at + 10 < end; count--)); do
      dnsmasq_skip_name
      size=$((0x${words[at + 8]:-00}${words[at + 9]:-00}))
      [[ ${words[at]:-}${words[at + 1]:-} != "00${types[id]-}" ]] || got[id]="${got[id]-} ${words[*]:at+10:size}"
      ((at += 10 + size))
    done
    ((at = end))
  done
}

# Labels up to the empty one, or up to a reference.
dnsmasq_skip_name() {
  local size=$((0x${words[at]:-00}))
  while ((size > 0 && size < 192)); do
    ((at += size + 1))
    size=$((0x${words[at]:-00}))
  done
  ((at += size == 0 ? 1 : 2))
}

# dnsmasq_hex ADDRESS: HEX, its bytes as they stand in an answer.
# shellcheck disable=SC2086,SC2206 # digits
dnsmasq_hex() {
  local start=() end='' groups=() group
  if [[ $1 != *:* ]]; then
    printf -v HEX '%02x %02x %02x %02x' ${1//./ }
    return
  fi
  group=${1%%::*}
  [[ $1 != *::* ]] || end=${1#*::}
  groups=(${end//:/ })
  start=(${group//:/ })
  HEX=''
  while ((${#start[@]} + ${#groups[@]} < 8)); do start+=(0); done
  for group in "${start[@]}" ${groups[@]+"${groups[@]}"}; do
    printf -v group '%04x' "0x$group"
    HEX+="${HEX:+ }${group:0:2} ${group:2}"
  done
}
