#!/bin/bash
# The `traefik-routes` check of the receiver: grammar of the dynamic file, raw data of Traefik, and the request rung.
# Run directly, this file only tells who does its work now.
# check: traefik-routes file routes
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317 # a part: its names are used or set by the others

readonly ROUTES_CHUNK=200

# routes_validate LINES-NAME: sets BAD where the document is not of the one shape that we write.
# A grammar of whole lines instead of a YAML parser: whatever it accepts, every YAML parser reads the same way.
routes_validate() {
  local -n rv_lines=$1
  local rv_forms=('') rv_key=0 rv_rules=() rv_uses=() rv_words=() rv_urls=() rv_keys=()
  [[ ${rv_lines[-1]} == *$'\n' ]] || BAD='the last line has no newline'
  [[ -n $BAD ]] || routes_read
  [[ -n $BAD || -z ${rv_forms[*]} ]] || routes_structure
  [[ -n $BAD ]] || routes_keys
  [[ -n $BAD ]] || routes_rules
  [[ -n $BAD ]] || routes_urls
}

# routes_legacy: LEGACY says whether the predecessor's script wrote what stands there.
routes_legacy() {
  LEGACY=0
  [[ $OLD_TEXT != '# MyNodeOne Routes - Auto-generated'* ]] || LEGACY=1
}

# routes_read: one letter a line, collected for each key, and what the document names.
routes_read() {
  local line section='' list=''
  for line in "${rv_lines[@]}"; do
    line=${line%$'\n'}
    case $line in
      '') ;;
      *[!\ -~]* | *'{{'*) BAD='it holds bytes that no route needs' ;;
      '#'*) ;;
      '    '[!\ ]*:)
        rv_key=$((rv_key + 1)) rv_forms[rv_key]='' rv_keys+=("$section/${line:4:-1}")
        ((rv_key % ROUTES_CHUNK)) || routes_rules
        ;;
      '      rule: "'*'"') rv_forms[rv_key]+=r rv_rules+=("${line:13:-1}") ;;
      '      service: '*) rv_forms[rv_key]+=s rv_uses+=("services/${line:15}") ;;
      '      entryPoints:') rv_forms[rv_key]+=e list=words ;;
      '        - '*) rv_forms[rv_key]+=i rv_uses+=("$list/${line:10}") ;;
      '      tls:') rv_forms[rv_key]+=t ;;
      '        certResolver: '*) rv_forms[rv_key]+=c rv_uses+=("words/${line:22}") ;;
      '      middlewares:') rv_forms[rv_key]+=m list=middlewares ;;
      '      loadBalancer:') rv_forms[rv_key]+=l ;;
      '        servers:') rv_forms[rv_key]+=v ;;
      '          - url: "'*'"') rv_forms[rv_key]+=u rv_urls+=("${line:18:-1}") ;;
      '  routers:') rv_forms[rv_key]+=R section=routers ;;
      '  services:') rv_forms[rv_key]+=S section=services ;;
      '  middlewares:') rv_forms[rv_key]+=M section=middlewares ;;
      'http:') rv_forms[rv_key]+=H ;;
      '      tls: {}') rv_forms[rv_key]+=T ;;
      '      priority: '[1-9]*)
        rv_forms[rv_key]+=p
        [[ ${line:16} != *[!0-9]* ]] || BAD="the priority '${line:16:80}' is no number"
        ;;
      '        passHostHeader: true' | '        passHostHeader: false') rv_forms[rv_key]+=h ;;
      '      redirectScheme:') rv_forms[rv_key]+=D ;;
      '        scheme: https') rv_forms[rv_key]+=f ;;
      '        permanent: true' | '        permanent: false') rv_forms[rv_key]+=g ;;
      *) BAD="the line '${line:0:80}' is not a line of a routes file" ;;
    esac
    [[ -z $BAD ]] || return 0
  done
}

# routes_structure: sections in any order, each once and never empty; every key in them of a known form.
routes_structure() {
  local form section=${rv_forms[0]#H} order known=' '
  order=$section
  if [[ ${rv_forms[0]} != H[RSM] || ${#rv_forms[@]} == 1 ]]; then
    BAD='expected http: with routers, services or middlewares, none of them empty'
    return
  fi
  for form in "${rv_forms[@]:1}"; do
    if [[ $known != *" $section${form%[RSM]} "* ]]; then
      routes_form "$section${form%[RSM]}" || BAD="a key of section $section has the fields '${form:0:40}'"
      known+="$section${form%[RSM]} "
    fi
    [[ $form != *[RSM] ]] || { section=${form: -1} order+=$section; }
  done
  [[ $form != *[RSM] && $order != *R*R* && $order != *S*S* && $order != *M*M* ]] || BAD='a section is empty, or stands there twice'
}

# routes_form SECTION-AND-LETTERS: what one router, service or middleware consists of; each field once.
routes_form() {
  case $1 in
    R*)
      [[ $1 =~ ^R(r|s|p|ei+|mi+|tc|T)+$ && $1 == *r* && $1 == *s* ]] &&
        [[ $1 != *r*r* && $1 != *s*s* && $1 != *p*p* && $1 != *e*e* && $1 != *m*m* && $1 != *[tT]*[tT]* ]]
      ;;
    S*) [[ $1 =~ ^Sl(h?vu+|vu+h)$ ]] ;;
    *) [[ $1 =~ ^MD(f|g|fg|gf)$ ]] ;;
  esac
}

# routes_keys: no key twice, as YAML 1.2 wants it; what is named is defined.
routes_keys() {
  local key use
  local -A defined=()
  for key in ${rv_keys[@]+"${rv_keys[@]}"}; do
    case $key in
      */\"[a-z0-9]*\") key=${key//\"/} ;;
      # Without quotes these would be booleans, nulls or numbers for a YAML parser.
      */true | */false | */yes | */no | */on | */off | */null | */y | */n | */[!a-z]* | *.*) BAD="the key ${key#*/} needs quotes" ;;
    esac
    [[ -z ${defined[$key]-} ]] || BAD="the key $key stands there twice"
    defined[$key]=1
    routes_name "${key#*/}"
    [[ -z $BAD ]] || return 0
  done
  for use in ${rv_uses[@]+"${rv_uses[@]}"}; do
    case $use in
      */\"[!\"]*\") use=${use//\"/} ;;
      words/*) ;;
      */true | */false | */yes | */no | */on | */off | */null | */y | */n | */[!a-z]*) BAD="the name ${use#*/} needs quotes" ;;
    esac
    case $use in
      words/*) ;;
      # `name@provider` is defined by another provider.
      *@*) use=${use/@/.} ;;
      *) [[ -n ${defined[$use]-} ]] || BAD="$use is named and not defined" ;;
    esac
    [[ -n ${defined[$use]-} ]] || routes_name "${use#*/}"
    [[ -z $BAD ]] || return 0
  done
}

routes_name() {
  [[ $1 != *[!a-z0-9._-]* && $1 == [a-z0-9]* ]] || BAD="the name '${1:0:80}' holds other characters than a-z, 0-9, dot, hyphen and underscore"
}

# routes_rules: Host(`name`), or several joined by ||. Many at once is fast, all at once is slow again in this shell.
routes_rules() {
  local rules names text IFS=$' \t\n'
  ((${#rv_rules[@]} > 0)) || return 0
  rules=("${rv_rules[@]/#'Host(`'/<}")
  rules=("${rules[@]/%'`)'/>}")
  printf -v text '%s\n' "${rules[@]}"
  [[ $'\n'$text != *$'\n'[!'<']* && $text != *[!'>']$'\n'* ]] || BAD='a rule is not Host(`name`), or several joined by ||'
  rules=("${rules[@]#<}")
  rules=("${rules[@]%>}")
  printf -v text '%s|' "${rules[@]//'`) || Host(`'/|}"
  IFS='|'
  # shellcheck disable=SC2206 # split into names; -f forbids globs
  names=($text)
  IFS=$' \t\n'
  [[ $text != *' '* ]] && are_host_names "${names[@]}" || BAD='a rule is not Host(`name`), or several joined by ||'
  rv_rules=()
}

# routes_urls: http or https, an address, a port.
routes_urls() {
  local url backends=()
  for url in ${rv_urls[@]+"${rv_urls[@]}"}; do
    case $url in
      http://*:*) backends+=("${url#http://}") ;;
      https://*:*) backends+=("${url#https://}") ;;
      *) BAD="the server URL '${url:0:80}' is not http" ;;
    esac
  done
  [[ -n $BAD ]] || check_backends ${backends[@]+"${backends[@]}"}
}

# routes_proof LINES-NAME: what a `check` asks beside the raw data.
routes_proof() {
  ! wants_answers || routes_answers "$1"
}

# routes_answers LINES-NAME: one request a host at the local entry point. Traefik's own 404 from every host means that it serves none of them.
routes_answers() {
  local -n ra_lines=$1
  local line rest hosts=() scheme=https port=$TGT_WEBSECURE_PORT host i seen=0 good=0
  [[ -n $port ]] || { scheme=http port=$TGT_WEB_PORT; }
  for line in ${ra_lines[@]+"${ra_lines[@]}"}; do
    rest=$line
    while [[ $line == *' rule: '* && $rest == *'Host(`'* ]] && ((${#hosts[@]} < ASK_HOSTS_MAX)); do
      rest=${rest#*'Host(`'}
      host=${rest%%'`'*}
      [[ " ${hosts[*]-} " == *" $host "* ]] || hosts+=("$host")
    done
  done
  if [[ -z $port ]] || ! type -P curl >/dev/null; then
    add_rung answers none
    return
  elif ((${#hosts[@]} == 0)); then
    add_rung answers ok
    return
  fi
  request_hosts "$scheme" "$port" "${hosts[@]}"
  for ((i = 0; i + 1 < ${#REPLIES[@]}; i += 3)); do
    [[ ${REPLIES[i]} != 000 ]] || continue
    seen=1
    [[ ${REPLIES[i]} == 404 && ${REPLIES[i + 1]} == 19 ]] || good=1
  done
  if ((!seen)); then
    add_rung answers down
    add_text "nothing answers at port $port"
  elif ((good)); then
    add_rung answers ok
  else
    add_rung answers bad
    add_text "Traefik answers 404 for ${hosts[0]} and every other host of the file"
  fi
}

# ---- below: only when run directly ----

# The predecessor's documented command, kept so that it tells what to do now. `--root DIR` looks below DIR.
told() {
  local root='' host='' path='' digest file line
  [[ ${1-} != --root ]] || root=${2-}
  read -r host </proc/sys/kernel/hostname
  file=$root/etc/sync-controller/targets.d/traefik-routes
  if [[ ! -f $file ]]; then
    echo "[⚠] This node is not under sync-controller; on the control plane run: syncctl node add (for $host), then syncctl push $host" >&2
    return 1
  fi
  echo "[INFO] The control plane pushes the public routes of this node by itself; to do it now, run there: syncctl push $host"
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
