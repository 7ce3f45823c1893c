# shellcheck shell=bash
# Machines of tests live in a group of their own and on a leash: at the end of standard input (the test stopped or was killed)
# everything in the group goes.

# Makes the group and says where it is; systemd makes its own below the root it finds, which is this one through a cgroup namespace.
make_group() {
  group=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)/$1-$$
  mkdir "$group"
}

# leash CLEANER COMMAND...: runs the command in the group until standard input ends; then CLEANER.
leash() {
  local cleaner=$1
  shift
  leashed=''
  trap 'let_go; '"$cleaner" EXIT
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    exec "$@" </dev/null
  ) &
  leashed=$!
  cat >/dev/null
}

let_go() {
  if [ -n "$leashed" ]; then
    kill -KILL "$leashed" 2>/dev/null || true
    wait "$leashed" 2>/dev/null || true
  fi
  # A group can be removed once the kernel has buried its last process.
  for _ in $(seq 100); do
    if find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; then break; fi
    sleep 0.05
  done
}
