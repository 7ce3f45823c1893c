#!/usr/bin/env bash
# Builds the root of the machine and installs the product, then boots it, and boots it again whenever it asks for that.
# Usage: boot.sh build|boot DIR NODE PACKAGE   (boot: process 1 of the machine, which becomes systemd)
set -euo pipefail
how=$1 dir=$2 node=$3 package=$4 root=$2/m/root

# What a machine has anew with every boot; its own files stay.
boot() {
  local host_pid fresh device name major minor
  read -r host_pid _ </proc/self/stat
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  for fresh in dev:0755 run:0755 tmp:1777 sys/fs/cgroup:0755; do
    mount -t tmpfs -o "mode=${fresh#*:}" fresh "$root/${fresh%:*}"
  done
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    IFS=: read -r name major minor <<<"$device"
    mknod -m 666 "$root/dev/$name" c "$major" "$minor"
  done
  mkdir "$root"/dev/{pts,shm}
  mount -t devpts -o newinstance,mode=620,ptmxmode=666,gid=5 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  cd "$root"
  pivot_root . mnt
  umount --lazy /mnt
  echo "up $host_pid"
  exec env -i container=sync-controller-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
    /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=no >/dev/null 2>&1
}

if [ "$how" = boot ]; then boot; fi

mount --make-rprivate /
mkdir -p "$dir/m"
mount -t tmpfs -o mode=0755 machine "$dir/m"
mkdir "$dir"/m/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$dir/m/upper,workdir=$dir/m/work" machine "$root"

# The product, as `npm install --global --prefix /usr` leaves it, and its runtime where systemd's path finds it first.
product=$root/usr/lib/node_modules/sync-controller
rm -rf "$product"
mkdir -p "$product" "$root/usr/local/bin"
tar --extract --gzip --file "$package" --directory "$product" --strip-components 1 --no-same-owner
ln -sfn ../lib/node_modules/sync-controller/dist/main.js "$root/usr/bin/syncctl"
rm -f "$root/usr/local/bin/node"
touch "$root/usr/local/bin/node"
mount --bind "$node" "$root/usr/local/bin/node"

for fresh in root:0700 home:0755; do
  mount -t tmpfs -o "mode=${fresh#*:}" fresh "$root/${fresh%:*}"
done

# Of the system's units only those that the unit itself asks for: no device, login or clean-up of the real machine is touched.
rm -rf "$root"/etc/systemd/system/*
find "$root/lib/systemd/system" -path '*.wants/*' -delete
install -m 0644 "$product/deploy/sync-controller.service" "$root/etc/systemd/system/"
rm -rf "$root/var/lib/sync-controller" "$root/etc/sync-controller" "$root/var/log/journal"
mkdir -p "$root/etc/sync-controller"
: >"$root/etc/fstab"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"

# The kernel ends process 1 of a machine that reboots by the signal HUP.
rebooted=129
code=$rebooted
while [ "$code" = "$rebooted" ]; do
  code=0
  unshare --mount --pid --fork --kill-child bash "$0" boot "$dir" "$node" "$package" || code=$?
done
