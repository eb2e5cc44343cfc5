# `make` alone lists the targets. ARGS is passed on: make run ARGS="--http 127.0.0.1:9000"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run release setup test quick generate lint fmt doc bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build quickly and serve on 127.0.0.1:8090, data in ./plinth_data (ARGS=…)
	@echo "Building plinth. The first build compiles SQLite, libpq and OpenSSL too and takes minutes; later ones take seconds."
	scripts/console --quick
	cargo build --locked --profile quick -p plinth
	$${CARGO_TARGET_DIR:-target}/quick/plinth serve $(ARGS)

release: ## Build the optimized binary, target/release/plinth; takes longer
	scripts/console
	cargo build --locked --release -p plinth

setup: ## Install what the tests need (as root on Debian), or name what is missing
	scripts/setup

test: ## Run every test, on SQLite and on PostgreSQL
	scripts/test

quick: ## Run the server's tests on SQLite only (ARGS="a_test's_name")
	PLINTH_TEST_ENGINE=sqlite scripts/cargo-test $$(scripts/cargo-test --targets plinth) $(ARGS)

generate: ## Write the documents that are generated from the code
	PLINTH_REGENERATE=1 scripts/cargo-test --lib up_to_date
	scripts/check-docs --write

lint: ## Check formatting, clippy, docs, scripts, and the dependencies' licences
	scripts/lint

fmt: ## Format the code
	cargo fmt --all

doc: ## Build the API docs of the crates, private items included
	cargo doc --workspace --no-deps --document-private-items

bench: ## Run the benchmarks (ARGS=…)
	e2e/bench/run $(ARGS)
