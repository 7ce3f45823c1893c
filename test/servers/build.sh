#!/usr/bin/env bash
# Builds the real servers that the tests run against, each once per version, into a cache outside the repository.
#   build.sh               build all that is missing
#   build.sh kube          build only what is named (kube, traefik-v2, traefik-v3, tailscale, tailnet)
#   build.sh --check       say what is present; exit 0 all, 1 some missing
#   build.sh --path NAME   print where NAME's program is or will be; exit 0 if it is there, 1 if not
# Exit 3: no Go toolchain. Settings and origins that need no build are described in README.md beside this file.
set -euo pipefail

readonly ALL=(kube traefik-v2 traefik-v3 tailscale tailnet)
# Part of every cache key: raise it when the steps below change what comes out.
readonly RECIPE=1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache="${SYNC_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sync-controller}/servers"

# A workspace or module flags of the caller's own would build something else than these modules say.
export GOWORK=off CGO_ENABLED=0
export GOFLAGS="-p=${SYNC_TEST_BUILD_JOBS:-2} -buildvcs=false"

digest() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16; }

program_name() {
  case $1 in
    kube) echo kube-test-server ;;
    traefik-*) echo traefik ;;
    # One program for both: it is the command line where it is called tailscale.
    tailscale) echo tailscaled ;;
    *) echo "$1" ;;
  esac
}

# The place for this exact module, recipe and toolchain.
program_path() {
  local name=$1 key
  key=$(cd "$here/$name" && {
    echo "$RECIPE $name $(go env GOVERSION GOOS GOARCH | tr '\n' ' ')"
    find . -type f \( -name '*.go' -o -name go.mod -o -name go.sum \) -print0 | LC_ALL=C sort -z | xargs -0 cat
  } | digest)
  echo "$cache/$key/bin/$(program_name "$name")"
}

has_go() { command -v go >/dev/null && (cd "$here/kube" && go env GOVERSION >/dev/null 2>&1); }

# Prints what serves instead of a build, if anything does.
elsewhere() {
  local given
  case $1 in
    kube)
      if [[ -n ${SYNC_TEST_KUBECONFIG:-} ]]; then
        echo "SYNC_TEST_KUBECONFIG=$SYNC_TEST_KUBECONFIG"
      elif [[ -x ${KUBEBUILDER_ASSETS:-}/kube-apiserver && -x ${KUBEBUILDER_ASSETS:-}/etcd ]]; then
        echo "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS"
      else
        return 1
      fi
      ;;
    traefik-v[23])
      given="SYNC_TEST_TRAEFIK_V${1#traefik-v}"
      if [[ -n ${!given:-} && -x ${!given} ]]; then
        echo "$given=${!given}"
      elif traefik version 2>/dev/null | grep -Eq "^Version: +v?${1#traefik-v}\."; then
        echo "$(command -v traefik) on PATH"
      else
        return 1
      fi
      ;;
    *) return 1 ;;
  esac
}

# The DNS challenge providers of Traefik's certificate client pull in the SDKs of some hundred hosting firms: half of the
# build. No test asks a public certificate authority for anything, so the copy that is built has none. Prints the go.mod.
without_dns_providers() {
  local scratch=$1 lego version
  read -r lego version < <(awk '$1 ~ /^github\.com\/go-acme\/lego\/v[0-9]+$/ { print $1, $2 }' go.mod)
  go mod download "$lego@$version"
  cp -R "$(go list -m -f '{{.Dir}}' "$lego")" "$scratch/lego"
  chmod -R u+w "$scratch/lego"
  cat >"$scratch/lego/providers/dns/zz_gen_dns_providers.go" <<EOF
// Package dns of this build knows no provider.
package dns

import (
	"fmt"

	"$lego/challenge"
)

// NewDNSChallengeProviderByName refuses every name.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("DNS provider %q is not part of this test build", name)
}
EOF
  cp go.mod go.sum "$scratch/"
  go mod edit -replace "$lego=$scratch/lego" "$scratch/go.mod"
  echo "$scratch/go.mod"
}

# Compiles module $1 into file $2, with $3 as a folder to work in.
compile() {
  local name=$1 out=$2 scratch=$3 package version ldflags module modfile major minor
  local -a extra=()
  cd "$here/$name"
  case $name in
    kube)
      package=.
      version=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' go.mod)
      IFS=. read -r major minor _ <<<"${version#v}"
      module=k8s.io/component-base/version
      ldflags="-X $module.gitVersion=$version -X $module.gitMajor=$major -X $module.gitMinor=$minor"
      ;;
    traefik-*)
      module="github.com/traefik/traefik/${name#traefik-}"
      package="$module/cmd/traefik"
      version=$(awk -v m="$module" '$1 == m { print $2 } $1 == "require" && $2 == m { print $3 }' go.mod)
      ldflags="-X $module/pkg/version.Version=${version#v}"
      modfile=$(without_dns_providers "$scratch")
      extra=("-modfile=$modfile")
      ;;
    tailscale)
      package=tailscale.com/cmd/tailscaled
      ldflags=
      extra=(-tags ts_include_cli)
      ;;
    tailnet)
      package=.
      ldflags=
      ;;
  esac
  nice -n 10 go build "${extra[@]}" -trimpath -ldflags="-s -w $ldflags" -o "$out" "$package"
}

build() {
  local name=$1 out scratch began=$SECONDS
  out=$(program_path "$name")
  mkdir -p "$(dirname "$out")"
  # Two builds at once would cost twice and gain nothing.
  if command -v flock >/dev/null; then
    exec 9>"$cache/build.lock"
    flock 9
    [[ -x $out ]] && { echo "$name: built meanwhile ($out)"; return; }
  fi
  echo "$name: building, minutes on a cold machine ..."
  scratch=$(mktemp -d "$cache/build.XXXXXX")
  # A process of its own, because bash lets errors pass inside a condition.
  if ! bash "${BASH_SOURCE[0]}" --compile "$name" "$scratch/program" "$scratch"; then
    rm -rf "$scratch"
    echo "$name: the build failed after $((SECONDS - began)) s" >&2
    return 1
  fi
  mv "$scratch/program" "$out"
  rm -rf "$scratch"
  echo "$name: built in $((SECONDS - began)) s, $(du -m "$out" | cut -f1) MiB ($out)"
}

check() {
  local name where out missing=0
  for name in "${ALL[@]}"; do
    if where=$(elsewhere "$name"); then
      echo "$name: $where"
    elif has_go && out=$(program_path "$name") && [[ -x $out ]]; then
      echo "$name: $out"
    else
      echo "$name: missing (make test-servers builds it with Go)"
      missing=1
    fi
  done
  return "$missing"
}

build_missing() {
  local name where out failed=0
  for name in "$@"; do
    if where=$(elsewhere "$name"); then
      echo "$name: not built, $where"
      continue
    fi
    if ! has_go; then
      echo "$name: needs Go $(awk '$1 == "go" { print $2 }' "$here/$name/go.mod") or newer on PATH to be built (https://go.dev/dl)" >&2
      exit 3
    fi
    out=$(program_path "$name")
    if [[ -x $out ]]; then
      echo "$name: cached ($out)"
    else
      build "$name" || failed=1
    fi
  done
  return "$failed"
}

case ${1:-} in
  --check) check ;;
  --compile) compile "$2" "$3" "$4" ;;
  --path)
    has_go || exit 3
    out=$(program_path "${2:?--path needs a name}")
    echo "$out"
    [[ -x $out ]]
    ;;
  -*)
    echo "usage: build.sh [--check | --path NAME | NAME...]" >&2
    exit 64
    ;;
  '') build_missing "${ALL[@]}" ;;
  *) build_missing "$@" ;;
esac
