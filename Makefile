# `make` alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos chaos-controls lint fmt doc drill bench clean

# Rust's own folder, for shells that were opened before Rust was installed.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Flags for `conncentric dev`, as in: make demo ARGS="--lease-ttl 15s --pods 5"
ARGS ?=

# How long, and with which faults, as in: make chaos MINUTES=60 SEED=7
MINUTES ?= 5
SEED ?= 1

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Find or install what is needed: a C compiler, PostgreSQL 15 or newer
	@scripts/setup

demo: setup ## Run the whole system here: PostgreSQL, orchestrators, pods, a venue (ARGS="--pods 5")
	cargo build --release --locked
	@exec target/release/conncentric dev $(ARGS)

test: setup ## Run all tests, those with real PostgreSQL and real processes among them
	cargo test --locked

chaos: setup ## Break everything for a while and check the rules (MINUTES=60 SEED=7 ONLY="pod killed")
	CHAOS_SECONDS=$$(( $(MINUTES) * 60 )) CHAOS_SEED=$(SEED) CHAOS_ONLY="$(ONLY)" \
		cargo test --locked --test chaos nothing_breaks_the_rules -- --nocapture

chaos-controls: setup ## Plant one bug after the other in a copy, and see that the chaos run finds it (ONLY=part of a name)
	tests/chaos/controls "$(ONLY)"

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

bench: setup ## Measure
	cargo bench --locked

clean: ## Remove what was built (the demo's data in .conncentric stays)
	cargo clean
