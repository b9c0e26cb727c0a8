# Each target is what a person could type. `make help` prints them.

.DEFAULT_GOAL := help
.PHONY: help run sweep certify test check bench list doctor

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Exit 2 is no failure here: a MUST cannot be decided on this machine, as in the shared network. The report's line
# `readiness` and its notes say which and why. 1 (not ready), 3 (bad usage) and 4 (the harness failed) are failures.
run: ## play every scenario to the built-in reference integration; ARGS='--help' says what else
	cargo run -p thales-harness -- run $(ARGS) || { code=$$?; test $$code -eq 2 || exit $$code; }

sweep: ## vary what Thales leaves unspecified; ARGS='--integration FILE --budget 2h --resume'
	cargo run -p thales-harness -- sweep $(ARGS)

certify: ## certify an integration; ARGS='--integration FILE --environment ID --key PEM --out DIR'
	cargo run -p thales-harness -- certify $(ARGS)

test: ## run all tests
	cargo test --workspace

check: ## formatting, lints, documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

bench: ## measure speed, as ratios taken in one run
	cargo run --release -p conformance-tests --bin bench

list: ## print the scenarios with the requirements that they verify
	cargo run -p thales-harness -- list

doctor: ## say which networks this machine allows, and how to allow more
	cargo run -p thales-harness -- doctor
