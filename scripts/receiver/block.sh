# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The managed block of a shared text file. Every byte outside it stays as it is.

# The whole file is always BLOCK_HEAD, BLOCK_TEXT and BLOCK_TAIL.
BLOCK_FOUND='' BLOCK_HEAD='' BLOCK_TEXT='' BLOCK_TAIL=''

readonly MARKER_LIKE='^[[:space:]]*#[[:space:]]*(BEGIN|END)[[:space:]]+sync-controller'
readonly MARKER='^# (BEGIN|END) sync-controller ([a-z0-9-]{8,64})$'

# Finds the one block of OLD_TEXT, of whatever cluster; anything ambiguous is a problem, never a guess.
locate_block() {
  BLOCK_FOUND='' BLOCK_HEAD='' BLOCK_TEXT='' BLOCK_TAIL=''
  if [[ $OLD_TEXT == *sync-controller* ]]; then
    # Searching in a long text costs its length squared in this shell.
    if ((${#OLD_TEXT} > 65536)) || ! locate_by_text; then
      locate_by_lines
    fi
  fi
  [[ -z $BLOCK_FOUND ]] || return 0
  BLOCK_HEAD=$OLD_TEXT
  # A last line without a newline stays the last line: completing it would change a foreign byte.
  if [[ -n $OLD_TEXT && $OLD_TEXT != *$'\n' ]]; then
    BLOCK_HEAD=${OLD_TEXT%"${OLD_LINES[-1]}"}
    BLOCK_TAIL=${OLD_LINES[-1]}
  fi
}

# The ordinary case: one block, and nothing like a marker around it or in it. A few searches in memory tell.
locate_by_text() {
  local head=${OLD_TEXT%%'# BEGIN sync-controller '*} rest begin end inner tail
  rest=${OLD_TEXT:${#head}}
  begin=${rest%%$'\n'*}
  end="# END sync-controller ${begin#'# BEGIN sync-controller '}"
  inner=${rest%%$'\n'"$end"*}
  [[ $begin =~ $MARKER && $rest == "$inner"$'\n'"$end"* && (-z $head || $head == *$'\n') ]] || return 1
  tail=${rest:${#inner}+1+${#end}}
  [[ -z $tail || $tail == $'\n'* ]] || return 1
  [[ "$head${inner:${#begin}}$tail" != *[DN][[:space:]]*sync-controller* ]] || return 1
  BLOCK_FOUND=1 BLOCK_HEAD=$head BLOCK_TEXT=$inner$'\n'$end BLOCK_TAIL=$tail
  [[ -z $tail ]] || BLOCK_TEXT+=$'\n' BLOCK_TAIL=${tail:1}
}

# Every line that names us is looked at, to tell the one that is wrong.
locate_by_lines() {
  local i line cluster='' from=-1 to=-1 ours=()
  lines_naming_us
  for i in "${ours[@]}"; do
    line=${OLD_LINES[i]%$'\n'}
    [[ $line =~ $MARKER_LIKE ]] || continue
    if [[ ! $line =~ $MARKER ]]; then
      problem MARKERS "line $((i + 1)) of $TGT_PATH looks like a marker of ours and is none"
    elif [[ ${BASH_REMATCH[1]} == BEGIN ]]; then
      ((from < 0)) || problem MARKERS "line $((i + 1)) of $TGT_PATH begins a second block"
      from=$i cluster=${BASH_REMATCH[2]}
    elif ((from < 0 || to >= 0)) || [[ ${BASH_REMATCH[2]} != "$cluster" ]]; then
      problem MARKERS "line $((i + 1)) of $TGT_PATH ends a block that did not begin"
    else
      to=$((i + 1))
    fi
    [[ -z $PROBLEM ]] || return 0
  done
  ((from >= 0)) || return 0
  if ((to < 0)); then
    problem MARKERS "the block of $TGT_PATH that begins in line $((from + 1)) has no end"
    return
  fi
  printf -v BLOCK_HEAD '%s' "${OLD_LINES[@]:0:from}"
  printf -v BLOCK_TEXT '%s' "${OLD_LINES[@]:from:to-from}"
  printf -v BLOCK_TAIL '%s' "${OLD_LINES[@]:to}"
  BLOCK_FOUND=1
}

# Sets `ours` of its caller. Pieces are asked first: a loop over every line of a long file costs more than the rest of an apply.
lines_naming_us() {
  local i at piece=2000 text
  for ((at = 0; at < ${#OLD_LINES[@]}; at += piece)); do
    printf -v text '%s' "${OLD_LINES[@]:at:piece}"
    [[ $text == *sync-controller* ]] || continue
    for ((i = at; i < at + piece && i < ${#OLD_LINES[@]}; i++)); do
      [[ ${OLD_LINES[i]} != *sync-controller* ]] || ours+=("$i")
    done
  done
}

# The new file as NEW_TEXT. Blocks of older tools go when ours is there, not when ours is withdrawn.
assemble_block() {
  if ((LEGACY == 0 || DOC_LENGTH == 0)); then
    NEW_TEXT=$BLOCK_HEAD$DOC_TEXT$BLOCK_TAIL
  else
    NEW_TEXT=$CLEAN_HEAD$DOC_TEXT$CLEAN_TAIL
  fi
}
