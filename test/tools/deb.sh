#!/usr/bin/env bash
# Makes the Debian package: deb.sh OUT writes OUT/sync-controller_<version>-<revision>_<arch>.deb from dist/ of this checkout.
# --dist DIR takes another build, --revision N another packaging of the same version (1). The same input gives the same bytes:
# every date is SOURCE_DATE_EPOCH, which is that of the last commit where it is not set.
set -euo pipefail
export LC_ALL=C
umask 022

out='' revision=1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dist=$root/dist
while (($# > 0)); do
  case $1 in
    --dist) dist=${2:?--dist: expected a folder} && shift 2 ;;
    --revision) revision=${2:?--revision: expected a number} && shift 2 ;;
    *) out=$1 && shift ;;
  esac
done
[ -n "$out" ] || { echo 'usage: deb.sh OUT [--dist DIR] [--revision N]' >&2; exit 64; }
[ -x "$dist/main.js" ] || { echo "deb: expected a build in $dist, got none; run: make build" >&2; exit 1; }
for program in dpkg-buildpackage dh; do
  command -v "$program" >/dev/null || {
    echo "deb: $program is missing; sudo apt-get install -y --no-install-recommends debhelper dpkg-dev" >&2
    exit 1
  }
done

node=$(node -p process.execPath)
version=$(node "$dist/main.js" --version)
# A dash would begin Debian's revision; a tilde sorts before the release itself, as a pre-release should.
debian_version=${version//-/\~}-$revision
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d "${TMPDIR:-/tmp}/sync-controller-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
stage=$work/sync-controller
mkdir -p "$stage"/{bin,completions/{bash,zsh,fish},docs} "$out"
cp -r "$root/deploy/debian" "$stage/debian"
mv "$stage/debian/config.yaml" "$stage/config.yaml"
cp -r "$root/deploy" "$root/registry" "$root/scripts" "$root/README.md" "$root/CHANGELOG.md" "$stage"
rm -rf "$stage/deploy/debian"
cp "$root"/docs/*.md "$stage/docs"
cp -r "$dist" "$stage/dist"
mv "$stage/dist/man" "$stage/dist/THIRD-PARTY.txt" "$stage"
cp "$node" "$stage/bin/node"
cp "$root/deploy/sync-controller.service" "$stage/debian/sync-controller.service"

# Started by a program of the package; an empty line keeps the line numbers of the source map.
sed -i '1s|.*||' "$stage/dist/main.js"
chmod 0644 "$stage/dist/main.js"
printf '{\n  "name": "sync-controller",\n  "version": "%s",\n  "type": "module"\n}\n' "$version" >"$stage/package.json"
node "$dist/main.js" completion bash >"$stage/completions/bash/syncctl"
node "$dist/main.js" completion zsh >"$stage/completions/zsh/_syncctl"
node "$dist/main.js" completion fish >"$stage/completions/fish/syncctl.fish"
cat >"$stage/debian/changelog" <<TEXT
sync-controller ($debian_version) unstable; urgency=medium

  * Version $version. What is different for operators stands in
    /usr/share/doc/sync-controller/changelog.gz.

 -- The sync-controller authors <maintainers@sync-controller.example>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
TEXT
find "$stage" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

(cd "$stage" && dpkg-buildpackage --build=binary --unsigned-changes --unsigned-source --no-check-builddeps) >"$work/log" 2>&1 || {
  tail -n 40 "$work/log" >&2
  exit 1
}
mv "$work"/sync-controller_*.deb "$out"
echo "$out/$(basename "$out"/sync-controller_"$debian_version"_*.deb)"
