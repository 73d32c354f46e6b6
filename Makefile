# Thin names for what is done often. `make test` sets up what it needs by itself.
.PHONY: run demo screenshots lighthouse test check fmt real conformance setup

run:            ## the service on embedded SQLite
	cargo run

demo:           ## the service, watching scripted servers
	cargo run --quiet --example demo

screenshots:    ## pictures of every page with the data of the demo, into docs/screenshots
	@tests/setup/tools.sh >/dev/null
	@cargo build --quiet --example demo
	@node tests/browser/screenshots.mjs $${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug/examples/demo docs/screenshots

lighthouse:     ## what Lighthouse says of the status page and of a monitor
	@tests/setup/tools.sh >/dev/null
	@cd tests/browser/lighthouse && npm ci --silent --no-audit --no-fund --ignore-scripts
	@cargo build --quiet --release --example demo
	@node tests/browser/lighthouse/run.mjs $${CARGO_TARGET_DIR:-$(CURDIR)/target}/release/examples/demo

test:           ## everything, on both engines, with real servers
	@tests/setup/test.sh

real:           ## only the probe against servers made with the official SDKs
	@tests/setup/test.sh -E 'test(/^real::/)'

conformance:    ## the official conformance suite, with `lifesign probe` as the client; SCENARIO=name plays one
	@tests/setup/tools.sh >/dev/null
	@cargo build --quiet
	@LIFESIGN=$${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug/lifesign tests/conformance/run.sh $(SCENARIO)

check:          ## what a change has to pass
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps
	@$(MAKE) --no-print-directory test

fmt:
	cargo fmt --all

setup:          ## only the tools that the tests need
	@tests/setup/tools.sh
