#!/usr/bin/env bash
# Process 1 of one node, already in its own namespaces: builds the machine, starts sshd, then only reaps.
# Descriptor 8 is the site's network namespace; FOLDER holds `spec` (shell assignments) and `fstab`.
set -euo pipefail
folder=$1
index=${folder##*/}
name='' mac='' address='' address6='' host=''
# shellcheck source=/dev/null
source "$folder/spec"
read -r host_pid _ </proc/self/stat

mount --all --fstab "$folder/fstab"
nsenter --net=/proc/self/fd/8 ip -batch - <<END
link add port$index type veth peer name eth0 address $mac netns 1
link set port$index master bridge0 up
END
ip -batch - <<END
link set lo up
addr add $address dev eth0
link set eth0 up
END
ip -6 addr add "$address6" dev eth0 nodad 2>/dev/null || true
if [ -n "$host" ]; then echo "neigh replace $host dev eth0 nud permanent" | ip -batch -; fi
echo "$name" >/proc/sys/kernel/hostname

cd "$folder/root"
pivot_root . mnt
umount --lazy /mnt
mkdir -p /run/sshd /run/lock
# The log is in /run because an open file would keep the root from being remounted read-only.
/usr/sbin/sshd -E /run/sshd.log || { cat /run/sshd.log >&2; exit 1; }
echo "up $index $host_pid"
# `wait` reaps every orphan of the node; dash, because it stays for the node's whole life.
exec /bin/sh -c 'while :; do sleep 3600 & wait; done' </dev/null >/dev/null 2>&1 8<&-
