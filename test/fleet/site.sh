#!/usr/bin/env bash
# Process 1 of a fleet's namespaces: the bridge, the layers all nodes share, and the starter of nodes.
# Descriptor 9 is the host's network namespace. Reads `start INDEX` lines; says `site PID SUBNET`, `up INDEX PID` and
# `down INDEX`; process ids are the host's, because the host's /proc is still mounted here.
set -euo pipefail
dir=$1 storage=$2 subnet=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
site=$dir/site

mount --make-rprivate /
mkdir -p "$site"
mount -t tmpfs -o mode=0755 fleet "$site"
mkdir -p "$site"/{base,template,nodes,dev}
# Only the nodes' own layers go to the disk: overlayfs refuses shared layers that lie below each other on one file system.
if [ "$storage" = disk ]; then
  mkdir "$dir/nodes"
  mount --bind "$dir/nodes" "$site/nodes"
fi

# The base layer hides what is the machine's own data: a node shows the system, not the homes and keys beside it.
hide() { mknod "$site/base$1" c 0 0; }
mkdir -p "$site"/base/{etc,var}
for entry in /* /.[!.]*; do
  case $entry in
    /bin | /dev | /etc | /lib | /lib32 | /lib64 | /libx32 | /opt | /proc | /run | /sbin | /sys | /usr | /var) ;;
    *) if [ -e "$entry" ]; then hide "$entry"; fi ;;
  esac
done
for entry in /etc/ssh /etc/sudoers.d /etc/crontab /var/tmp /var/mail; do
  if [ -e "$entry" ]; then hide "$entry"; fi
done

# One device folder for all nodes; each mounts its own pts and shm into it.
device() { mknod -m 666 "$site/dev/$1" c "$2" "$3"; }
device null 1 3; device zero 1 5; device full 1 7; device random 1 8; device urandom 1 9; device tty 5 0
mkdir "$site"/dev/{pts,shm}
ln -s pts/ptmx "$site/dev/ptmx"
ln -s /proc/self/fd "$site/dev/fd"
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "$site/dev/${number#*:}"; done

nsenter --net=/proc/self/fd/9 ip link set "scsite$subnet" netns 1
# `hole` is a port that is down: a blackholed node's frames are steered there.
ip -batch - <<END
link set lo up
link add bridge0 type bridge mcast_snooping 0
link set bridge0 up
link set scsite$subnet master bridge0 up
link add hole type veth peer name hole-peer
link set hole master bridge0
END

exec 8</proc/self/ns/net 9<&-
start_node() {
  local folder=$site/nodes/$1
  unshare --mount --net --pid --uts --ipc --fork --kill-child bash "$here/node.sh" "$folder" 2>"$folder/start.log" || true
  echo "down $1"
}

read -r host_pid _ </proc/self/stat
echo "site $host_pid $subnet"
while read -r verb index; do
  case $verb in
    start) start_node "$index" </dev/null & ;;
    *) echo "fleet: unknown verb $verb" >&2; exit 64 ;;
  esac
done
