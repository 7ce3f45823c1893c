#!/usr/bin/env bash
# Plays a receiver in tests of the way to it: the first line of its input says what it does, the rest is a body.
# Every start is counted in /run (below DIR with --root DIR), so that a test can prove that nothing ran.
set -u
root=''
if [ "${1:-}" = --root ]; then root=$2; fi
mkdir -p "$root/run"
echo started >>"$root/run/receiver-starts"
verb='' count=0
IFS=' ' read -r verb count || true
case $verb in
  echo) cat ;;
  exit) exit "$count" ;;
  whoami) id -un ;;
  nap) sleep "$count" ;;
  noise) head -c "$count" /dev/zero | tr '\0' x ;;
  mutter) head -c "$count" /dev/zero | tr '\0' e >&2 ;;
  paint) printf '\033[2Jred\r\n' >&2 ;;
  die) kill -KILL $$ ;;
  # Reads no more, and keeps the channel open.
  deaf) sleep 300 ;;
  # Reads everything and never ends.
  silent) cat >/dev/null && sleep 300 ;;
  # Closes its output but goes on.
  hush) exec sleep 300 >&- 2>&- ;;
  # Ends while a child of it holds the output open.
  linger)
    sleep 300 &
    echo lingering
    ;;
  *) exit 99 ;;
esac
