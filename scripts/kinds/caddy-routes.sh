# The `caddy-routes` check of the receiver: grammar of the file that a Caddyfile imports, and the request rung.
# check: caddy-routes file caddy
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317 # a part: its names are used or set by the others

# A multiple of the four lines of one site.
readonly CADDY_CHUNK=400 CADDY_TITLE='^# sync-controller caddy ([a-z0-9-]{8,64})$'

# caddy_validate LINES-NAME: sets BAD where the document is not of the one shape that we write: comments, then sites of four lines.
caddy_validate() {
  local -n cv_lines=$1
  local i=1 cluster=$REQ_CLUSTER
  local -A known=()
  if [[ ! ${cv_lines[0]%$'\n'} =~ $CADDY_TITLE ]] || [[ $REQ_MODE != check && ${BASH_REMATCH[1]} != "$REQ_CLUSTER" ]]; then
    BAD="expected the title of cluster $REQ_CLUSTER in the first line"
    return
  fi
  cluster=${BASH_REMATCH[1]}
  while [[ ${cv_lines[i]-} == '#'* ]]; do
    hosts_comments "${cv_lines[i]}" || BAD="the line '${cv_lines[i]:0:80}' is no comment of ours"
    i=$((i + 1))
  done
  for (( ; i < ${#cv_lines[@]}; i += CADDY_CHUNK)); do
    [[ -z $BAD ]] || break
    caddy_sites "${cv_lines[@]:i:CADDY_CHUNK}"
  done
  [[ -n $BAD || ${cv_lines[-1]} == *$'\n' ]] || BAD='the last line has no newline'
  BAD=${BAD//[!\ -~]/?}
}

# caddy_sites LINE...: the fixed parts of all sites become marks, each of which must come once a site; what is left between
# them passes the grammars of names and addresses. Nothing that Caddy could read otherwise is left over.
caddy_sites() {
  local text sites hosts marks upstreams count host
  printf -v text '%s' "$@"
  if [[ $text == *['<|>']* || $text == *[!$'\n\t'\ -~]* ]]; then
    BAD='it holds bytes that no site needs'
    return
  fi
  text=${text//$' {\n\tvars sync_controller '"$cluster/"/<}
  text=${text//$'\n\treverse_proxy '/|}
  text=${text//$'\n}\n'/>$'\n'}
  local IFS=$'\n'
  # shellcheck disable=SC2206 # one site an element
  sites=($text)
  IFS=$' \t\n'
  count=${#sites[@]}
  marks=${text//[!<|>]/}
  printf -v hosts '%*s' "$count" ''
  if [[ $marks != "${hosts// /<|>}" || $text == *[$' \t{}"`$\\']* || $# != $((count * 4)) ]]; then
    caddy_blame "$@"
    return
  fi
  hosts=("${sites[@]%%<*}")
  marks=("${sites[@]#*<}")
  marks=("${marks[@]%%|*}")
  upstreams=("${sites[@]#*|}")
  upstreams=("${upstreams[@]%>}")
  are_host_names "${hosts[@]}" || BAD='a site is not named as a host'
  [[ "${marks[*]}" != *[!a-z0-9._\ -]* && " ${marks[*]}" != *' '[!a-z0-9]* ]] || BAD='the service of a site holds other characters than a-z, 0-9, dot, hyphen and underscore'
  [[ -n $BAD ]] || check_backends "${upstreams[@]}"
  [[ -z $BAD ]] || return 0
  for host in "${hosts[@]}"; do
    # One dot at least: a single word could be a directive of Caddy's.
    [[ $host == *.* && -z ${known[$host]-} ]] || BAD="the site $host stands there twice, or has no domain"
    known[$host]=1
  done
}

# caddy_blame LINE...: which line it is. Only a refusal gets here.
caddy_blame() {
  local i line
  for ((i = 1; i <= $#; i++)); do
    line=${!i%$'\n'}
    case $((i % 4))/$line in
      1/*[!\ ]' {' | 2/$'\t'"vars sync_controller $cluster/"* | 3/$'\treverse_proxy '* | 0/'}') ;;
      *)
        BAD="the line '${line:0:80}' is not line $(((i - 1) % 4 + 1)) of a site"
        return
        ;;
    esac
  done
  BAD='a site is not ended, or holds bytes that no site needs'
}

# caddy_proof LINES-NAME: what a `check` asks beside the configuration.
caddy_proof() {
  ! wants_answers || caddy_answers "$1"
}

# caddy_answers LINES-NAME: Caddy answers for every host. A name it does not serve ends in the TLS handshake, and so does one whose
# certificate is still being fetched. Where the configuration tells the two apart, the redirect to https is answer enough.
caddy_answers() {
  local -n ca_lines=$1
  local line hosts=() left=() i seen=0
  for line in ${ca_lines[@]+"${ca_lines[@]}"}; do
    [[ $line != [!'#'$'\t']*' {'$'\n' ]] || ((${#hosts[@]} == ASK_HOSTS_MAX)) || hosts+=("${line% \{*}")
  done
  if [[ -z $TGT_WEBSECURE_PORT ]] || ! type -P curl >/dev/null; then
    add_rung answers none
    return
  elif ((${#hosts[@]} == 0)); then
    add_rung answers ok
    return
  fi
  request_hosts https "$TGT_WEBSECURE_PORT" "${hosts[@]}"
  for i in "${!hosts[@]}"; do
    [[ ${REPLIES[i * 3 + 2]:-0} == 0 ]] || seen=1
    [[ ${REPLIES[i * 3]:-000} != 000 ]] || left+=("${hosts[i]}")
  done
  if ((${#left[@]} > 0)) && [[ -n $TGT_WEB_PORT && -n $TGT_RAW_URL ]]; then
    hosts=("${left[@]}") left=()
    request_hosts http "$TGT_WEB_PORT" "${hosts[@]}"
    for i in "${!hosts[@]}"; do
      [[ ${REPLIES[i * 3 + 2]:-0} == 0 ]] || seen=1
      [[ ${REPLIES[i * 3]:-000} == 30[1278] ]] || left+=("${hosts[i]}")
    done
  fi
  if ((!seen)); then
    add_rung answers down
    add_text "Caddy does not answer at port $TGT_WEBSECURE_PORT"
  elif ((${#left[@]} == 0)); then
    add_rung answers ok
  else
    add_rung answers bad
    add_text "Caddy does not serve ${left[0]}"
  fi
}
