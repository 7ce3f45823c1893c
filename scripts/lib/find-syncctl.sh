# shellcheck shell=bash
# Sourced by the scripts that keep the names of the predecessor: finds the command line that does their work.

# Puts the words that start syncctl into the array `syncctl_words`, or ends with 127.
find_syncctl() {
  local root
  root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
  syncctl_words=()
  if [[ -n ${SYNCCTL:-} ]]; then
    syncctl_words=("$SYNCCTL")
  elif [[ -f $root/dist/main.js && -x $root/.runtime/bin/node ]]; then
    syncctl_words=("$root/.runtime/bin/node" "$root/dist/main.js")
  elif [[ -x $root/dist/main.js ]]; then
    syncctl_words=("$root/dist/main.js")
  elif command -v syncctl >/dev/null 2>&1; then
    syncctl_words=(syncctl)
  else
    printf '[✗] %s\n' "syncctl: expected it on PATH, in dist/ or in \$SYNCCTL, got none; run: make build" >&2
    exit 127
  fi
}

# Runs syncctl and comes back.
run_syncctl() {
  find_syncctl
  "${syncctl_words[@]}" "$@"
}

# Becomes syncctl: signals and the exit code are its own.
exec_syncctl() {
  find_syncctl
  exec "${syncctl_words[@]}" "$@"
}

# One line about a command that has nothing left to do.
nothing_to_do() {
  printf '[INFO] %s\n' "$1" >&2
}
