# `make` alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help setup tools portal portal-long api-test screenshots demo test chaos chaos-controls chart-test lint fmt doc drill \
	bench bench-smoke bench-peers bench-long plots bench-audit clean

# What setup installs for this project alone, and Rust's own folder, for shells that were opened before Rust was installed.
export PATH := $(CURDIR)/target/tools/node_modules/node/bin:$(PATH):$(HOME)/.cargo/bin

# Flags for `conncentric dev`, as in: make demo ARGS="--lease-ttl 15s --pods 5"
ARGS ?=

# How long, and with which faults, as in: make chaos MINUTES=60 SEED=7
MINUTES ?= 5
SEED ?= 1

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Find or install what is needed: a C compiler, PostgreSQL 15 or newer, Node.js, Chromium and Schemathesis for the tests
	@scripts/setup
	@scripts/setup-python api

# The same without what only tests need.
tools:
	@scripts/setup without-browser

# Everything that the bundle is made from. What is generated is not.
PORTAL_SOURCES := $(shell find src/portal/src -type f ! -name schema.d.ts) \
	$(addprefix src/portal/,index.html openapi.json tsconfig.json vite.config.ts)

portal: src/portal/dist/site/index.html ## Build the pages for operators, if their source has changed; cargo embeds them

src/portal/node_modules/.package-lock.json: src/portal/package.json src/portal/package-lock.json src/portal/.npmrc | tools
	cd src/portal && npm ci --no-audit --no-fund
	@touch $@

src/portal/dist/site/index.html: $(PORTAL_SOURCES) src/portal/node_modules/.package-lock.json | tools
	cd src/portal && npm run build

demo: tools portal ## Run the whole system here: PostgreSQL, orchestrators, pods, a venue (ARGS="--pods 5")
	cargo build --release --locked
	@exec target/release/conncentric dev $(ARGS)

test: setup portal ## Run all tests, those with real PostgreSQL, real processes and a real browser among them
	cd src/portal && npm test
	scripts/test

chaos: setup ## Break everything for a while and check the rules (MINUTES=60 SEED=7 ONLY="pod killed")
	CHAOS_SECONDS=$$(( $(MINUTES) * 60 )) CHAOS_SEED=$(SEED) CHAOS_ONLY="$(ONLY)" \
		cargo test --locked --test chaos nothing_breaks_the_rules -- --nocapture

chaos-controls: setup ## Plant one bug after the other in a copy, and see that the chaos run finds it (ONLY=part of a name)
	tests/chaos/controls "$(ONLY)"

chart-test: ## Render the chart for many values and judge it, without a cluster (UPDATE=1 writes the snapshots anew)
	@scripts/setup-chart
	cd tests/chart && ../../target/tools/chart/bin/python -B -m unittest $(ONLY)

api-test: setup portal ## Ask everything of the API that its description allows, and much that it does not (SEED=7)
	CONNCENTRIC_API_SEED=$(SEED) cargo test --locked --test it api::promises -- --ignored --nocapture

portal-long: setup portal ## Look at the Portal for ten minutes: 5,000 adapters, 200 changes of status a second
	cargo test --locked --test it portal::smooth -- --ignored --nocapture

screenshots: setup portal ## Make the pictures of docs/portal/ anew
	cargo test --locked --test it portal::screenshots -- --ignored

lint: ## Check format, lints and documentation
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

fmt: ## Format the source
	cargo fmt

doc: ## Build the documentation of the source and open it
	cargo doc --locked --no-deps --open

drill: setup ## Lose everything but a backup and come back from it, with and without old pods
	cargo test --locked --test it drill_

bench: setup ## Measure the system under load, beside the raw database and etcd if that is installed: benches/README.md
	cargo bench --locked --bench load

bench-smoke: setup ## A minute of the same, from a build without optimisation: fails if a ratio to the raw database is far below what it was
	CONNCENTRIC_BENCH_GUARD=1 CONNCENTRIC_BENCH_TURNS=3 CONNCENTRIC_BENCH_SECONDS=0.5 CONNCENTRIC_BENCH_ONLY=batches,claims \
		cargo bench --locked --profile dev --bench load

bench-peers: setup ## The same, after installing etcd, the peer that it is compared with
	@scripts/setup-peers
	cargo bench --locked --bench load

bench-long: setup ## What takes half an hour: 10,000 pods for ten minutes, growth over pods and events, a start behind ten million events
	CONNCENTRIC_BENCH_ONLY=soak cargo bench --locked --bench load
	CONNCENTRIC_BENCH_ONLY=growth CONNCENTRIC_BENCH_TURNS=3 cargo bench --locked --bench load
	CONNCENTRIC_BENCH_ONLY=ledger cargo bench --locked --bench load

plots: ## Draw docs/growth/ anew from what bench-long measured last
	cargo bench --locked --profile dev --bench plots

bench-audit: setup ## Measure verify, replay and what they are made of
	cargo bench --locked --bench audit

clean: ## Remove what was built (the demo's data in .conncentric stays)
	cargo clean
	rm -rf src/portal/node_modules src/portal/dist/site src/portal/src/api/schema.d.ts
