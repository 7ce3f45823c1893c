#!/usr/bin/env bash
# Process 1 of the machine, already in its own namespaces: builds its root, installs the product, becomes systemd.
# Usage: boot.sh DIR NODE PACKAGE
set -euo pipefail
dir=$1 node=$2 package=$3 root=$dir/m/root
read -r host_pid _ </proc/self/stat
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

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
for fresh in dev:0755 run:0755 tmp:1777 root:0700 home:0755 sys/fs/cgroup:0755; do
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

# Of the system's units only those that the unit itself asks for: no device, login or clean-up of the real machine is touched.
rm -rf "$root"/etc/systemd/system/*
find "$root/lib/systemd/system" -path '*.wants/*' -delete
install -m 0644 "$product/deploy/sync-controller.service" "$root/etc/systemd/system/"
rm -rf "$root/var/lib/sync-controller" "$root/etc/sync-controller" "$root/var/log/journal"
mkdir -p "$root/etc/sync-controller"
: >"$root/etc/fstab"
tr -d - <"$root/proc/sys/kernel/random/uuid" >"$root/etc/machine-id"

cd "$root"
pivot_root . mnt
umount --lazy /mnt
echo "up $host_pid"
exec env -i container=sync-controller-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
  /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=no >/dev/null 2>&1
