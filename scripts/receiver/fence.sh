# shellcheck shell=bash disable=SC2034,SC2119,SC2153,SC2154,SC2317 # a part: its names are used or set by the others
# The fence: what this node has accepted, against what the request claims.

FENCE_SAME=''

take_lock() {
  need_time 'the lock was tried'
  remaining "${LOCK_WAIT:-$LOCK_WAIT_MS}"
  { exec 9>>"$STATE_DIR/lock"; } 2>/dev/null || fail_fs "$( (exec 9>>"$STATE_DIR/lock") 2>&1)"
  flock -w "$REMAIN" 9 || fail BUSY 'another request holds the lock of this node'
  step locked
}

judge() {
  [[ -z $DAMAGE ]] || fail DAMAGED "$DAMAGE"
  if [[ -n $OWNER_CLUSTER && "$OWNER_CLUSTER $OWNER_KIND" != "$REQ_CLUSTER $REQ_KIND" ]] && ! has_flag take-over; then
    fail OWNED "$TGT_PATH belongs to cluster $OWNER_CLUSTER, kind $OWNER_KIND"
  fi
  if [[ -z $FENCE_EPOCH ]]; then
    FIRST=true
    return
  fi
  local stands="the fence stands at epoch $FENCE_EPOCH, seq $FENCE_SEQ"
  ((REQ_EPOCH >= FENCE_EPOCH)) || fail FENCED "$stands; epoch $REQ_EPOCH is over"
  ((REQ_EPOCH == FENCE_EPOCH)) || return 0
  [[ $REQ_WRITER == "$FENCE_WRITER" ]] || fail RIVAL "epoch $REQ_EPOCH belongs to writer $FENCE_WRITER"
  ((REQ_SEQ >= FENCE_SEQ)) || fail STALE "$stands"
  ((REQ_SEQ == FENCE_SEQ)) || return 0
  [[ $REQ_SHA == "$FENCE_SHA" ]] || fail CONFLICT "seq $REQ_SEQ came before with digest $FENCE_SHA"
  FENCE_SAME=1
}

# Written before the target is touched; the sync that makes it durable also covers the temp file.
raise_fence() {
  local now dir=${JOURNAL%/*}
  compact_journal
  if [[ ! -d $dir ]]; then
    must mkdir -p -- "$dir"
    must sync -- "${dir%/*}" "$STATE_DIR/clusters"
  fi
  claim_owner
  [[ -z $FENCE_SAME ]] || return 0
  printf -v now '%(%s)T' -1
  append_record "SC1 fence $REQ_EPOCH $REQ_WRITER $REQ_SEQ $REQ_SHA $now"
  FENCE_EPOCH=$REQ_EPOCH FENCE_WRITER=$REQ_WRITER FENCE_SEQ=$REQ_SEQ FENCE_SHA=$REQ_SHA FENCE_SAME=1
  step fenced
}

# record_installed SHA RESTORED_FROM
record_installed() {
  printf -v INST_AT '%(%s)T' -1
  INST_EPOCH=$REQ_EPOCH INST_WRITER=$REQ_WRITER INST_SEQ=$REQ_SEQ INST_SHA=$1 INST_FROM=$2
  INST_ATOMIC=${ATOMIC:-atomic}
  append_record "SC1 installed $REQ_EPOCH $REQ_WRITER $REQ_SEQ $1 $2 $INST_AT $INST_ATOMIC"
  step recorded
}
