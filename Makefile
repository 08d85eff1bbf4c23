# The commands the README names. Every one is safe to run again.

PROFILE ?= release
TARGET  := $(or $(CARGO_TARGET_DIR),target)
# Cargo calls the folder of the profile dev `debug`.
BUILT   := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
DEMO    := target/demo
# The SDK and each plugin is a Cargo workspace of its own, whose tests run natively.
NATIVE  := $(patsubst %/Cargo.toml,%,$(wildcard sdk/rust/Cargo.toml plugins/*/Cargo.toml))

.PHONY: demo test bench bench-peers simulate torture mutants install wasm-target lint

demo: wasm-target
	cargo build --profile $(PROFILE) --locked -p millstream
	$(BUILT)/millstream build plugins/delays
	@mkdir -p $(DEMO) && rm -f $(DEMO)/departures.ndjson $(DEMO)/notifications.ndjson
	$(BUILT)/millstream run pipelines/flights.yaml --drain --http off
	@echo
	@echo "What the plugin made of the flights:"
	@head -n 2 $(DEMO)/notifications.ndjson
	@echo
	@echo "Where to look next:"
	@echo "  $(DEMO)/notifications.ndjson    every flight that left an hour late or more"
	@echo "  $(DEMO)/departures.ndjson       every flight"
	@echo "  plugins/delays/                   the plugin; pipelines/flights.yaml the wiring"
	@echo "  the cancelled flights are dead letters, in the memory of a running host:"
	@echo "    $(BUILT)/millstream run pipelines/flights.yaml     # then, in another terminal:"
	@echo "    $(BUILT)/millstream dlq ls find-delays"

test: wasm-target lint
	cargo build --locked -p millstream
	cargo test --locked --workspace
	@set -e; for folder in $(NATIVE); do \
		echo "cargo test in $$folder"; (cd $$folder && env -u CARGO_TARGET_DIR cargo test --locked); done

# rustfmt and clippy are components that a toolchain may lack: what is there is used.
lint:
	@if cargo fmt --version >/dev/null 2>&1; then cargo fmt --all --check; \
		else echo "rustfmt is not installed: format not checked"; fi
	@if cargo clippy --version >/dev/null 2>&1; then cargo clippy --locked --workspace --all-targets -- -D warnings; \
		else echo "clippy is not installed: lints not checked"; fi

bench: wasm-target
	cd tests/guests && env -u CARGO_TARGET_DIR cargo build --release --locked --target wasm32-unknown-unknown
	cargo run --release --locked -p millstream-bench
	$(MAKE) bench-peers

# Durable publishing beside Kafka, Redis, RabbitMQ and JetStream, which it installs where they are
# missing: PEERS="kafka millstream" measures only those, and takes the program's options as well.
bench-peers:
	cargo build --release --locked -p millstream
	cargo run --release --locked --manifest-path tests/bench/peers/Cargo.toml --target-dir $(TARGET)/peers -- \
		--millstream $(TARGET)/release/millstream --dir $(TARGET)/bench-peers $(PEERS)

# The delivery core against its model: SEEDS=N seeds from FROM=M on, or SEED=N again with its history.
# Built apart, since a release build checks neither arithmetic nor assertions by itself.
simulate: export CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS = true
simulate: export CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS = true
simulate: export MILLSTREAM_SEEDS = $(or $(SEEDS),250000)
simulate: export MILLSTREAM_SEED_FROM = $(or $(FROM),1)
simulate: export MILLSTREAM_SEED = $(SEED)
simulate:
	cargo test --release --locked --target-dir $(TARGET)/simulate -p millstream-queue --test simulation -- --nocapture

# Kills a host KILLS times at random moments and counts what is lost, repeated and out of order.
torture: export MILLSTREAM_KILLS = $(or $(KILLS),2000)
torture: export MILLSTREAM_SEED = $(or $(SEED),1)
torture: wasm-target
	cargo test --release --locked -p millstream-tests --test torture -- --nocapture killed_over_and_over

# Breaks the core in small ways, one at a time, and counts those that the simulation finds.
mutants:
	cargo run --locked -p millstream-mutants

install: wasm-target
	cargo install --locked --path runtime/cli

# What Rust plugins are built for.
wasm-target:
	@test -d "$$(rustc --print target-libdir --target wasm32-unknown-unknown)" \
		|| rustup target add wasm32-unknown-unknown \
		|| { echo "the target wasm32-unknown-unknown is missing and rustup could not add it" >&2; exit 1; }
