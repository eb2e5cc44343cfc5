# `make` alone lists the targets. ARGS is passed on: make run ARGS="--http 127.0.0.1:9000"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test quick lint fmt doc bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build the release binary and serve on 127.0.0.1:8090, data in ./plinth_data (ARGS=…)
	@echo "Building plinth. The first build compiles SQLite, libpq and OpenSSL too and takes minutes; later ones take seconds."
	scripts/console
	cargo build --release -p plinth
	$${CARGO_TARGET_DIR:-target}/release/plinth serve $(ARGS)

test: ## Run every test, on SQLite and on PostgreSQL (installs or names what is missing)
	scripts/test

quick: ## Run the Rust tests on SQLite only (ARGS="a_test's_name")
	PLINTH_TEST_ENGINE=sqlite cargo test $(ARGS)

lint: ## Check formatting, clippy, docs, scripts, and the dependencies' licences
	scripts/lint

fmt: ## Format the code
	cargo fmt --all

doc: ## Build the API docs of the crates, private items included
	cargo doc --workspace --no-deps --document-private-items

bench: ## Run the benchmarks (ARGS=…)
	e2e/bench/run $(ARGS)
