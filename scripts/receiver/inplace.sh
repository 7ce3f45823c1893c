# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# A target that is a mount of its own (containers bind-mount /etc/hosts) cannot be renamed over. It is written in place,
# with a journal, so that a crash half-way is finished at the next contact.

# write_in_place TEXT: the journal first, durable; then the bytes over the old ones; then the length.
write_in_place() {
  local base=$STATE_DIR/inplace/$REQ_KIND half
  ATOMIC=nonatomic
  [[ -z $OLD_OPAQUE ]] || fail TARGET "$TGT_PATH is a mount of its own and no text; it can only be replaced whole"
  { printf '%s' "$1" >|"$base.new" && printf '%s' "$OLD_TEXT" >|"$base.old"; } 2>/dev/null ||
    fail_fs "$({ printf '%s' "$1" >|"$base.new" && printf '%s' "$OLD_TEXT" >|"$base.old"; } 2>&1)"
  half="SC1 inplace $TGT_PATH ${#1} ${#OLD_TEXT}"
  must sync -- "$base.new" "$base.old"
  step inplace-staged
  { printf '%s' "$half | $half"$'\n' >|"$base"; } 2>/dev/null || fail_fs "$({ printf '\n' >|"$base"; } 2>&1)"
  must sync -- "$base" "$STATE_DIR/inplace"
  step inplace-journaled
  overwrite "$base" ${#1}
}

# overwrite JOURNAL SIZE: a reader may see a half file here; nothing else is possible on such a mount.
overwrite() {
  # Until it is read back, nobody knows what stands there.
  AFTER_SHA=''
  must dd if="$1.new" of="$TARGET" bs=65536 conv=notrunc status=none
  step inplace-written
  must truncate -s "$2" -- "$TARGET"
  must sync -- "$TARGET"
  step inplace-synced
  must rm -f -- "$1" "$1.new" "$1.old"
}

# Finishes an in-place write that a crash interrupted, unless somebody edited the file since.
replay_inplace() {
  local base=$STATE_DIR/inplace/$REQ_KIND line='' new='' old='' now='' lines=()
  [[ -e $base ]] || return 0
  IFS= read -r line <"$base"
  half_of "$line"
  if [[ $HALF =~ ^SC1\ inplace\ ([^\ ]+)\ ([0-9]+)\ ([0-9]+)$ && ${BASH_REMATCH[1]} == "$TGT_PATH" && -f $TARGET ]]; then
    local new_size=${BASH_REMATCH[2]} old_size=${BASH_REMATCH[3]}
    mapfile lines <"$base.new" && printf -v new '%s' ${lines[@]+"${lines[@]}"}
    mapfile lines <"$base.old" && printf -v old '%s' ${lines[@]+"${lines[@]}"}
    mapfile lines <"$TARGET" && printf -v now '%s' ${lines[@]+"${lines[@]}"}
    if [[ ${#new} == "$new_size" && ${#old} == "$old_size" && $now != "$new" && $now != "$old" ]]; then
      if is_half_written "$now" "$new" "$old"; then
        overwrite "$base" "$new_size"
        ATOMIC=''
        return
      fi
      add_text "an interrupted in-place write of $TGT_PATH was left alone, because somebody edited the file since"
    fi
  fi
  must rm -f -- "$base" "$base.new" "$base.old"
}

# is_half_written NOW NEW OLD: the start of the new bytes over the old ones, or the new ones with the old tail.
is_half_written() {
  local low=0 high=${#2} middle
  ((high <= ${#1})) || high=${#1}
  # The longest common start, by halving.
  while ((low < high)); do
    middle=$(((low + high + 1) / 2))
    if [[ ${1:0:middle} == "${2:0:middle}" ]]; then
      low=$middle
    else
      high=$((middle - 1))
    fi
  done
  [[ ${1:low} == "${3:low}" ]] || { ((low == ${#1})) && ((low >= ${#3})); }
}
