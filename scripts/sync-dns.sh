#!/bin/bash
# The `hosts` check of the receiver: grammar of the managed block, blocks of older tools, and the resolver rung.
# Run directly, this file only tells who does its work now.
# check: hosts block hosts
# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # a part: its names are used or set by the others

readonly HOSTS_NAMES_MAX=200 HOSTS_SAMPLE=12 HOSTS_FOREIGN_MAX=100 HOSTS_CHUNK=2000

# hosts_validate LINES-NAME: sets BAD to the first line that is no part of a managed block of this cluster.
hosts_validate() {
  local -n hv_lines=$1
  local at last=$((${#hv_lines[@]} - 1)) cluster=$REQ_CLUSTER
  # `check` also reads a block that another cluster wrote.
  [[ $REQ_MODE != check || ! ${hv_lines[0]%$'\n'} =~ $MARKER ]] || cluster=${BASH_REMATCH[2]}
  if ((last < 1)) || [[ ${hv_lines[0]} != "# BEGIN sync-controller $cluster"$'\n' ]] ||
    [[ ${hv_lines[last]} != "# END sync-controller $cluster"$'\n' ]]; then
    BAD="expected the markers of cluster $cluster around the block"
    return
  fi
  for ((at = 1; at < last; at += HOSTS_CHUNK)); do
    hosts_chunk "${hv_lines[@]:at:last - at < HOSTS_CHUNK ? last - at : HOSTS_CHUNK}" || return 0
  done
}

# hosts_chunk LINE...: many at once is fast, all at once is slow again in this shell. Only a refusal looks for the line.
hosts_chunk() {
  local line
  hosts_lines "$@" && return
  for line; do
    hosts_lines "$line" || break
  done
  BAD="the line '${line:0:80}' is neither a comment nor an address, a tab and host names"
  BAD=${BAD//[!\ -~]/?}
  return 1
}

# hosts_lines LINE...: comments of printable ASCII, and entries `<address><tab><name>[ <name>]`.
hosts_lines() {
  local comments entries addresses names
  (($# > 0)) || return 0
  comments=("${@/#[!#]*/}") entries=("${@/#\#*/}")
  hosts_comments "${comments[@]}" || return 1
  printf -v names '%s' "${entries[@]}"
  [[ $'\n'$names != *$'\n\t'* ]] || return 1
  printf -v addresses '%s\n' "${entries[@]%%$'\t'*}"
  printf -v names '%s' "${entries[@]#*$'\t'}"
  # A line without a tab stays whole in both, and fails as an address or as a name.
  [[ $addresses != *' '* && $names != *$'\t'* && $names != *'  '* ]] || return 1
  [[ $names != *[!a-zA-Z0-9]$'\n'* && $'\n'$names != *$'\n'[!a-zA-Z0-9]* ]] || return 1
  # shellcheck disable=SC2086 # split into names; -f forbids globs
  are_addresses $addresses && are_host_names $names
}

hosts_comments() {
  local all
  printf -v all '%s' "$@"
  [[ $'\n'$all != *[!$'\n'\ -~]* && $all != *'{{'* && $'\n'$all != *$'\n#'[!$'\n'\ ]* && $all != *'# MyNodeOne'* ]] || return 1
  [[ $all != *sync-controller* ]] || ! [[ $'\n'$all =~ $'\n'[[:blank:]]*'#'[[:blank:]]*(BEGIN|END)[[:blank:]]+sync-controller ]]
}

# Blocks of older tools outside ours: LEGACY counts them; CLEAN_HEAD and CLEAN_TAIL are what stands around ours without them.
# Only lines of the shape those tools wrote are theirs; anything else between or after them stays.
hosts_legacy() {
  LEGACY=0
  [[ $BLOCK_HEAD$BLOCK_TAIL == *'# MyNodeOne '* ]] || return 0
  local LINES_OF=() drop=() first=-1 head_lines=-1 i
  hosts_around
  for ((i = 0; i < ${#LINES_OF[@]}; i++)); do
    case ${LINES_OF[i]%$'\n'} in
      '# MyNodeOne Services - Auto-'*) hosts_legacy_open "$i" ;;
      '# MyNodeOne services'*) hosts_legacy_closed "$i" '# End MyNodeOne services' ;;
      '# MyNodeOne Apps'*) hosts_legacy_closed "$i" '# End MyNodeOne Apps' ;;
      *) continue ;;
    esac
    LEGACY=$((LEGACY + 1))
    i=$LEGACY_NEXT
  done
  # Ours takes the place of the first one where it has none yet.
  ((head_lines >= 0)) || head_lines=$first
  local head=() tail=()
  for ((i = 0; i < ${#LINES_OF[@]}; i++)); do
    [[ -z ${drop[i]-} ]] || continue
    if ((i < head_lines)); then
      head+=("${LINES_OF[i]}")
    else
      tail+=("${LINES_OF[i]}")
    fi
  done
  printf -v CLEAN_HEAD '%s' ${head[@]+"${head[@]}"}
  printf -v CLEAN_TAIL '%s' ${tail[@]+"${tail[@]}"}
}

# hosts_around: LINES_OF the file without our block, and how many of them stand before it.
hosts_around() {
  local line at=0 from=${#BLOCK_HEAD} to
  to=$((from + ${#BLOCK_TEXT}))
  if [[ -z $BLOCK_FOUND ]]; then
    LINES_OF=("${OLD_LINES[@]}")
    return
  fi
  for line in "${OLD_LINES[@]}"; do
    ((at >= from && at < to)) || LINES_OF+=("$line")
    ((at != from)) || head_lines=$((${#LINES_OF[@]}))
    ((at += ${#line}))
  done
}

# hosts_drop INDEX: one line of an older tool.
hosts_drop() {
  drop[$1]=1
  ((first >= 0 && first <= $1)) || first=$1
}

# The family without an end marker: a blank line, the header, `<ip><tab><name>.local` of one domain, a blank line.
hosts_legacy_open() {
  local i=$1 line domain='' labels
  ((i > 0)) && [[ ${LINES_OF[i - 1]} == $'\n' && -z ${drop[i - 1]-} ]] && hosts_drop $((i - 1))
  hosts_drop "$i"
  for ((i++; i < ${#LINES_OF[@]}; i++)); do
    line=${LINES_OF[i]%$'\n'}
    [[ $line =~ ^[0-9.]+$'\t'([^[:space:]#]+[.]local)$ ]] || break
    labels=${BASH_REMATCH[1]%.local}
    [[ -z $domain || ${labels##*.} == "$domain" ]] || break
    domain=${labels##*.}
    hosts_drop "$i"
  done
  LEGACY_NEXT=$((i - 1))
  if ((i < ${#LINES_OF[@]})) && [[ ${LINES_OF[i]} == $'\n' ]]; then
    hosts_drop "$i"
    LEGACY_NEXT=$i
  fi
}

# hosts_legacy_closed INDEX END: families with an end marker. Without it only the lines right below the header go.
hosts_legacy_closed() {
  local i end=-1 line
  for ((i = $1 + 1; i < ${#LINES_OF[@]}; i++)); do
    line=${LINES_OF[i]%$'\n'}
    [[ $line != "$2" ]] || { end=$i && break; }
    [[ $line != '# MyNodeOne '* ]] || break
  done
  hosts_drop "$1"
  LEGACY_NEXT=$1
  for ((i = $1 + 1; i < ${#LINES_OF[@]}; i++)); do
    line=${LINES_OF[i]%$'\n'}
    if ((i == end)); then
      hosts_drop "$i"
      LEGACY_NEXT=$i
      return
    elif [[ $line =~ ^[0-9.]+[[:blank:]]+[^[:space:]#]+([[:blank:]]+[^[:space:]#]+)*[[:blank:]]*(#\ ?[A-Za-z0-9._/-]+)?$ ]]; then
      hosts_drop "$i"
      LEGACY_NEXT=$i
    elif ((end < 0)); then
      return
    fi
  done
}

# hosts_proof LINES-NAME: a term asks every node for its records alone, so a `check` asks the resolver by a flag.
hosts_proof() {
  [[ $REQ_MODE != check ]] || has_flag answers || return 0
  hosts_resolves "$1"
}

# hosts_resolves LINES-NAME: one getent for the IPv4 names; it asks for no IPv6 address, so it cannot stall on one.
hosts_resolves() {
  local names=() wanted=() answers=() words=() out='' expected status
  if [[ -n $ROOT ]]; then
    # A folder has no resolver of its own.
    add_rung resolves none
    return
  fi
  hosts_choose "$1"
  if ((${#names[@]} == 0)); then
    add_rung resolves ok
    return
  fi
  remaining 1500 || REMAIN=0.100
  # A substitution takes the answers in blocks; `read -t` on a pipe would take each byte with three system calls.
  out=$(exec timeout -s KILL "$REMAIN" getent ahostsv4 "${names[@]}" 2>/dev/null 9>&-)
  status=$?
  if ((status > 123)); then
    add_rung resolves down
    add_text "the resolver does not answer for ${names[0]} and $((${#names[@]} - 1)) more"
    return
  fi
  # Usually everything is as expected, and one comparison says so; only otherwise is the name looked for.
  # shellcheck disable=SC2206 # addresses, socket types, names
  words=($out)
  printf -v expected '%s STREAM %s %s DGRAM %s RAW ' "${answers[@]}"
  if [[ "${words[*]} " == "$expected" ]]; then
    add_rung resolves ok
  else
    hosts_compare names wanted "$out"
  fi
}

# hosts_choose LINES-NAME: the names to ask for, with the answers that are expected.
hosts_choose() {
  local -n hr_lines=$1
  local line address name i every=1
  # One lookup costs the resolver a reading of the whole file: hundreds of them cost more than all the rest of a push.
  ! hosts_file_decides || every=$((${#hr_lines[@]} / HOSTS_SAMPLE + 1))
  for ((i = ${#hr_lines[@]} - 2; i > 0; i -= every)); do
    line=${hr_lines[i]%$'\n'}
    [[ $line != '#'* && $line == *.*$'\t'* ]] || continue
    address=${line%%$'\t'*}
    for name in ${line#*$'\t'}; do
      ((${#names[@]} < HOSTS_NAMES_MAX)) || return 0
      names+=("$name") wanted+=("$address") answers+=("$address" "$name" "$address" "$address")
    done
  done
}

# Whether the bytes of the file are the answer: the resolver asks the file before all else and takes its word, nobody remembers
# earlier answers, and no line outside our block names one of ours. Then a sample proves that the file is read at all.
hosts_file_decides() {
  local lines=() line ours name words found=''
  [[ ! -e /run/nscd/socket && ! -e /var/run/nscd/socket ]] || return 1
  { mapfile -t lines </etc/nsswitch.conf; } 2>/dev/null || return 1
  for line in ${lines[@]+"${lines[@]}"}; do
    # shellcheck disable=SC2206 # words; -f forbids globs
    words=(${line%%#*})
    [[ ${words[0]-} == hosts* ]] || continue
    [[ -z $found && ${words[0]} == hosts: && ${words[1]-} == files && ${words[2]-} != '['* ]] || return 1
    found=1
  done
  [[ -n $found ]] || return 1
  # Splitting into words is what this shell does fast; replacing every tab and newline of a long text is not.
  # shellcheck disable=SC2206
  words=(${hr_lines[@]})
  ours=" ${words[*]} "
  ours=${ours,,}
  name=$BLOCK_HEAD$BLOCK_TAIL
  mapfile -t lines <<<"${name,,}"
  ((${#lines[@]} <= HOSTS_FOREIGN_MAX)) || return 1
  for line in "${lines[@]}"; do
    # shellcheck disable=SC2206
    words=(${line%%#*})
    for name in "${words[@]:1}"; do
      [[ $ours != *" $name "* ]] || return 1
    done
  done
}

# hosts_compare NAMES WANTED OUTPUT: each name's answers begin with a line of three words, in the order of the question.
hosts_compare() {
  local -n hc_names=$1 hc_wanted=$2
  local line lines words at=-1 found=() i
  local IFS=$'\n'
  # shellcheck disable=SC2206 # one line an element
  lines=($3)
  IFS=$' \t'
  for line in ${lines[@]+"${lines[@]}"}; do
    # shellcheck disable=SC2206 # address, socket type, canonical name
    words=($line)
    ((${#words[@]} < 3)) || at=$((at + 1))
    ((at < 0)) || found[at]=${found[at]-}' '${words[0]-}
  done
  for i in "${!hc_names[@]}"; do
    # A second address beside ours (a foreign line of the same name) is an answer of somebody else's, whichever comes first.
    if [[ ${#found[@]} != "${#hc_names[@]}" || -z ${found[i]-} || -n ${found[i]//" ${hc_wanted[i]}"/} ]]; then
      add_rung resolves bad
      add_text "the resolver does not answer ${hc_wanted[i]} for ${hc_names[i]}"
      return
    fi
  done
  add_rung resolves ok
}

# ---- below: only when run directly ----

# The predecessor's documented command, kept so that it tells what to do now. `--root DIR` looks below DIR.
told() {
  local root='' host='' path='' digest file line
  [[ ${1-} != --root ]] || root=${2-}
  read -r host </proc/sys/kernel/hostname
  file=$root/etc/sync-controller/targets.d/hosts
  if [[ ! -f $file ]]; then
    echo "[⚠] This node is not under sync-controller; on the control plane run: syncctl node add (for $host), then syncctl push $host" >&2
    return 1
  fi
  echo "[INFO] The control plane pushes the host names of this node by itself; to do it now, run there: syncctl push $host"
  while IFS= read -r line; do
    [[ $line != path=* ]] || path=${line#path=}
  done <"$file"
  if [[ -f $root$path ]]; then
    digest=$(sha256sum <"$root$path")
    echo "[INFO] Installed here: $path, sha256 ${digest:0:12}, written $(date -r "$root$path" '+%Y-%m-%d %H:%M:%S %Z')"
  else
    echo "[INFO] Installed here: nothing yet ($path)"
  fi
}

told "$@"
