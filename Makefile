# sync-controller: every command a person needs. `make` alone prints them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

RUNTIME := $(CURDIR)/.runtime
# The runtime is Node.js 24 or newer; an older machine gets it from the npm package node@24, without touching the system.
export PATH := $(RUNTIME)/bin:$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: runtime
runtime: $(RUNTIME)/bin/node ## bring Node.js 24 where the machine's own is older

$(RUNTIME)/bin/node:
	@bash test/tools/runtime.sh "$(RUNTIME)"

.PHONY: node-path
node-path: runtime
	@echo "$(RUNTIME)/bin"

node_modules/.package-lock.json: package.json package-lock.json | $(RUNTIME)/bin/node
	@npm ci --no-progress --loglevel=error
	@touch $@

.PHONY: setup
setup: node_modules/.package-lock.json ## install what is missing

.PHONY: build
build: setup ## bundle src/ into dist/
	@node test/tools/build.ts

.PHONY: npm
npm: build ## the package for npm, sync-controller-<version>.tgz
	@npm pack --silent

.PHONY: deb
deb: build ## the Debian package with its runtime, sync-controller_<version>_<arch>.deb
	@bash test/tools/packages.sh debhelper:dh dpkg-dev:dpkg-buildpackage
	@bash test/tools/deb.sh .

.PHONY: packages
packages: ## install the Debian packages that tests use (as root; else says which)
	@bash test/tools/packages.sh

.PHONY: demo
demo: build ## the main job on five nodes, without Kubernetes or root (ONCE=1: ends by itself)
	@bash test/tools/packages.sh openssh-client:ssh-keygen util-linux:flock
	@ONCE=$(ONCE) node test/demo/demo.ts

.PHONY: test
test: setup packages build ## install what is missing and pass the tests (SUITES="unit cli", TIER=ci|nightly|release)
	@bash test/servers/build.sh --check || true
	@TIER=$(or $(TIER),ci) node test/tools/run-tests.ts $(SUITES)

.PHONY: test-servers
test-servers: ## build the real API server and Traefik for the tests (long, once; needs Go)
	@bash test/servers/build.sh

.PHONY: format
format: setup ## format the sources
	@prettier --log-level warn --write .

.PHONY: lint
lint: setup packages ## formatting, typescript-eslint, shellcheck
	@prettier --log-level warn --check .
	@eslint .
	@git ls-files -z '*.sh' '.ci/run' | xargs -0 shellcheck --external-sources

.PHONY: types
types: setup ## strict type check
	@tsc --noEmit
	@tsc --noEmit --project src/dashboard

.PHONY: imports
imports: setup ## import ranks and cycles
	@depcruise --config .dependency-cruiser.cjs src

.PHONY: screenshots
screenshots: setup packages build ## take the pictures of the dashboard in docs/screenshots anew
	@SYNC_SCREENSHOTS=$(CURDIR)/docs/screenshots vitest run test/browser/screenshots.test.ts

.PHONY: verify
verify: lint types imports test ## everything that must hold before a commit

.PHONY: fuzz
fuzz: setup build ## 1,000,000 hostile registry entries
	@SYNC_FUZZ_ENTRIES=1000000 vitest run test/fuzz

.PHONY: sim
sim: setup ## SEEDS=300 virtual schedules of the whole controller, or SEED=n alone with all that happens in it
	@node --disable-warning=ExperimentalWarning test/sim/sim.ts

.PHONY: sim-masters
sim-masters: setup ## TRIALS=10000 trials of a paused controller that goes on while another leads
	@node --disable-warning=ExperimentalWarning test/sim/sim.ts masters

.PHONY: sim-crash
sim-crash: setup ## a death at every await of the push path, or POINT=file:line:column#pass/after alone with all that happens in it
	@node --disable-warning=ExperimentalWarning test/sim/crash/crash.ts

.PHONY: sim-mutants
sim-mutants: setup ## every deliberate defect, each to be caught within 200 seeds
	@node --disable-warning=ExperimentalWarning test/sim/sim.ts mutants

.PHONY: soak
soak: setup packages build ## MINUTES=60 of random edits, faults and commands for NODES=100 real nodes; SEED=n chooses again the same
	@node --disable-warning=ExperimentalWarning test/soak/soak.ts

.PHONY: bench
bench: setup packages build ## 100 and 1,000 real nodes against a bare loop, OpenSSH, the predecessor and Ansible; ONLY=warm,growth KEEP=1 renews sections
	@node test/bench/bench.ts

.PHONY: clean
clean: ## remove what was built
	@rm -rf dist coverage
