# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The records of a (cluster, kind): an append-only journal of doubled lines, and the owner of each target path.

FENCE_EPOCH='' FENCE_WRITER='' FENCE_SEQ='' FENCE_SHA=''
INST_EPOCH='' INST_WRITER='' INST_SEQ='' INST_SHA='' INST_FROM='' INST_AT='' INST_ATOMIC=''
OWNER_CLUSTER='' OWNER_KIND='' OWNER_FILE=''
JOURNAL='' JOURNAL_LINES=0 JOURNAL_OPEN='' DAMAGE=''

readonly FENCE_FORM='^SC1 fence ([0-9]{1,16}) ([a-z0-9]{8,64}) ([0-9]{1,16}) ([0-9a-f]{64}) ([0-9]{1,12})$'
readonly INSTALLED_FORM='^SC1 installed ([0-9]{1,16}) ([a-z0-9]{8,64}) ([0-9]{1,16}) ([0-9a-f]{64}) ([0-9a-f]{64}|absent|-) ([0-9]{1,12}) (atomic|nonatomic)$'

# half_of LINE: the half of a record line, or nothing where the halves differ (torn or damaged).
half_of() {
  HALF=${1%$'\n'}
  HALF=${HALF%% | *}
  [[ ${1%$'\n'} == "$HALF | $HALF" ]] || HALF=''
}

# Sets the FENCE_ and INST_ records; DAMAGE says why they cannot be trusted.
read_journal() {
  local lines=() i valid=0 whole=0
  JOURNAL=$STATE_DIR/clusters/$REQ_CLUSTER/$REQ_KIND/journal
  [[ -e $JOURNAL || -L $JOURNAL ]] || return 0
  if [[ ! -f $JOURNAL || -L $JOURNAL ]] || ! { mapfile lines <"$JOURNAL"; } 2>/dev/null; then
    DAMAGE="$JOURNAL is not a readable file"
    return
  fi
  JOURNAL_LINES=${#lines[@]}
  ((JOURNAL_LINES > 0)) || return 0
  [[ ${lines[-1]} == *$'\n' ]] || JOURNAL_OPEN=1
  # From the end: the last valid line of a word is the record, and usually two lines are enough.
  for ((i = JOURNAL_LINES - 1; i >= 0; i--)); do
    [[ ${lines[i]} != *$'\n' ]] || whole=1
    half_of "${lines[i]}"
    [[ $HALF == 'SC1 '* ]] || continue
    valid=1
    take_record
    [[ -z $FENCE_EPOCH || -z $INST_EPOCH ]] || return 0
  done
  # A first record that was torn by a crash is no damage: nothing had been installed under it.
  ((valid)) || ((!whole)) || DAMAGE="$JOURNAL holds no valid record; move it away to start anew"
  [[ -n $FENCE_EPOCH || -z $INST_EPOCH ]] || DAMAGE="$JOURNAL has lost its fence record; move it away to start anew"
  ((valid || whole)) || JOURNAL_LINES=0
}

take_record() {
  if [[ -z $FENCE_EPOCH && $HALF =~ $FENCE_FORM ]]; then
    FENCE_EPOCH=${BASH_REMATCH[1]} FENCE_WRITER=${BASH_REMATCH[2]} FENCE_SEQ=${BASH_REMATCH[3]} FENCE_SHA=${BASH_REMATCH[4]}
  elif [[ -z $INST_EPOCH && $HALF =~ $INSTALLED_FORM ]]; then
    INST_EPOCH=${BASH_REMATCH[1]} INST_WRITER=${BASH_REMATCH[2]} INST_SEQ=${BASH_REMATCH[3]} INST_SHA=${BASH_REMATCH[4]}
    INST_FROM=${BASH_REMATCH[5]} INST_AT=${BASH_REMATCH[6]} INST_ATOMIC=${BASH_REMATCH[7]}
  fi
}

# append_record HALF: a torn last line is closed first, so that it cannot swallow the new one.
append_record() {
  local line="$1 | $1"$'\n' talk
  if ((JOURNAL_LINES == 0)); then
    # Empty, or nothing but the torn start of a first record.
    { printf '%s' "$line" >|"$JOURNAL"; } 2>/dev/null && JOURNAL_LINES=1 JOURNAL_OPEN='' && return
  elif [[ -n $JOURNAL_OPEN ]]; then
    { printf '\n%s' "$line" >>"$JOURNAL"; } 2>/dev/null && JOURNAL_OPEN='' && ((JOURNAL_LINES += 2)) && return
  else
    { printf '%s' "$line" >>"$JOURNAL"; } 2>/dev/null && ((JOURNAL_LINES += 1)) && return
  fi
  talk=$({ printf '\n%s' "$line" >>"$JOURNAL"; } 2>&1) || fail_fs "$talk"
}

# Rewrites a long journal to the last record of every word.
compact_journal() {
  local lines=() kept=() seen=' ' i word new=$JOURNAL.new
  ((JOURNAL_LINES > JOURNAL_MAX)) || return 0
  mapfile lines <"$JOURNAL"
  for ((i = ${#lines[@]} - 1; i >= 0; i--)); do
    half_of "${lines[i]}"
    [[ $HALF == 'SC1 '* ]] || continue
    word=${HALF#SC1 }
    word=${word%% *}
    [[ $seen != *" $word "* ]] || continue
    seen+="$word "
    kept=("$HALF | $HALF"$'\n' ${kept[@]+"${kept[@]}"})
  done
  [[ ! -e $new ]] || must rm -f -- "$new"
  printf -v word '%s' "${kept[@]}"
  put "$new" "$word"
  must sync -- "$new"
  step compacting
  must mv -fT -- "$new" "$JOURNAL"
  step compacted
  must sync -- "${JOURNAL%/*}"
  JOURNAL_LINES=${#kept[@]} JOURNAL_OPEN=''
}

# Whose target this path is. A record that cannot be read is damage, never nobody's.
read_owner() {
  local line=''
  OWNER_FILE=$STATE_DIR/owners/${TGT_PATH//\//%2F}
  [[ -e $OWNER_FILE || -L $OWNER_FILE ]] || return 0
  [[ ! -f $OWNER_FILE || -L $OWNER_FILE ]] || { IFS= read -r line <"$OWNER_FILE"; } 2>/dev/null
  half_of "$line"
  if [[ $HALF =~ ^SC1\ owner\ ([a-z0-9-]{8,64})\ ([a-z][a-z0-9-]{0,31})$ ]]; then
    OWNER_CLUSTER=${BASH_REMATCH[1]} OWNER_KIND=${BASH_REMATCH[2]}
  else
    DAMAGE="$OWNER_FILE holds no valid record; move it away to start anew"
  fi
}

# First contact and take-over: replaced whole, durable before the fence rises.
claim_owner() {
  local half="SC1 owner $REQ_CLUSTER $REQ_KIND" new=$STATE_DIR/tmp/.sync-controller.$SELF.owner
  [[ $OWNER_CLUSTER != "$REQ_CLUSTER" || $OWNER_KIND != "$REQ_KIND" ]] || return 0
  TRASH+=("$new")
  put "$new" "$half | $half"$'\n'
  must sync -- "$new"
  step claiming
  must mv -fT -- "$new" "$OWNER_FILE"
  must sync -- "$STATE_DIR/owners"
  OWNER_CLUSTER=$REQ_CLUSTER OWNER_KIND=$REQ_KIND
  step claimed
}
