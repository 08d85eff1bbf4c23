# The commands the README names. Every one is safe to run again.

PROFILE ?= release
TARGET  := $(or $(CARGO_TARGET_DIR),target)
# Cargo calls the folder of the profile dev `debug`.
BUILT   := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
DEMO    := target/demo
# The SDK and each plugin is a Cargo workspace of its own, whose tests run natively.
NATIVE  := $(patsubst %/Cargo.toml,%,$(wildcard sdk/rust/Cargo.toml plugins/*/Cargo.toml))
# What they are built of is much the same, and compiled once: tests use the same folder.
PLUGIN_BUILDS := $(abspath $(TARGET))/debug/plugin-builds

# Where the scripts of `sdk/toolchains` install what is missing.
TOOLCHAINS := $(or $(MILLSTREAM_TOOLCHAINS),$(or $(XDG_DATA_HOME),$(HOME)/.local/share)/millstream/toolchains)

NIGHTLY ?= nightly

# What runs: a binary that is there already, as tests have one, or the one that is built first.
MILLSTREAM := $(or $(MILLSTREAM_BIN),$(BUILT)/millstream)

.PHONY: demo test toolchains native bench figures bench-peers bench-sandboxes soak simulate torture swaps mutants sandbox storm fuzz install wasm-target lint

demo: wasm-target
	$(if $(MILLSTREAM_BIN),,cargo build --profile $(PROFILE) --locked -p millstream)
	$(MILLSTREAM) build plugins/delays
	@mkdir -p $(DEMO) && rm -f $(DEMO)/departures.ndjson $(DEMO)/notifications.ndjson
	$(MILLSTREAM) run pipelines/flights.yaml --drain --http off
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

# The binary that the tests drive is the one that they are built beside.
test: export MILLSTREAM_BIN = $(abspath $(TARGET))/debug/millstream
test: wasm-target toolchains lint
	cargo build --locked --workspace --bins --tests
	cargo test --locked --workspace
	$(MAKE) native

# What plugins in each language are built with; a language that this machine cannot have is skipped.
toolchains:
	@for script in sdk/toolchains/*.sh; do sh $$script || echo "SKIPPED: $$script"; done

# The SDKs and the example plugins, each by the test runner of its language, where that is there.
native:
	@set -e; for folder in $(NATIVE); do \
		echo "cargo test in $$folder"; (cd $$folder && \
		env -u CARGO_TARGET_DIR CARGO_BUILD_BUILD_DIR=$(PLUGIN_BUILDS) cargo test --locked); done
	@if command -v go >/dev/null; then for folder in sdk/go plugins/delays-go; do \
		(cd $$folder && go test ./...) || exit 1; done; else echo "SKIPPED: go test"; fi
	@if command -v python3 >/dev/null; then for folder in sdk/python plugins/delays-python; do \
		(cd $$folder && python3 -m unittest discover tests) || exit 1; done; else echo "SKIPPED: python"; fi
	@if command -v npm >/dev/null; then (cd sdk/javascript && node --test test/) && cd plugins/delays-javascript \
		&& npm install --no-package-lock --no-audit --no-fund --loglevel=error && npm test; \
		else echo "SKIPPED: node --test"; fi
	@if sh sdk/toolchains/zig.sh --check >/dev/null; then \
		(cd plugins/delays-zig && PATH="$(TOOLCHAINS)/zig/bin:$$PATH" zig test json.zig); else echo "SKIPPED: zig test"; fi
	@if command -v cc >/dev/null; then $(MAKE) -C sdk/c test && $(MAKE) -C plugins/delays-c test; \
		else echo "SKIPPED: the tests of sdk/c"; fi

# rustfmt and clippy are components that a toolchain may lack: what is there is used.
lint:
	@if cargo fmt --version >/dev/null 2>&1; then cargo fmt --all --check; \
		else echo "rustfmt is not installed: format not checked"; fi
	@if cargo clippy --version >/dev/null 2>&1; then cargo clippy --locked --workspace --all-targets -- -D warnings; \
		else echo "clippy is not installed: lints not checked"; fi

bench: wasm-target
	cd tests/guests && env -u CARGO_TARGET_DIR cargo build --release --locked --target wasm32-unknown-unknown
	cargo run --release --locked -p millstream-bench
	$(MAKE) bench-sandboxes
	$(MAKE) bench-peers

# The plugins whose costs `figures` compares, in each language that this machine has the tools of.
EXAMPLES := delays $(notdir $(wildcard plugins/delays-*))

# What each language costs, written into sdk/README.md.
figures: wasm-target toolchains
	cargo build --release --locked -p millstream -p millstream-bench
	@for name in $(EXAMPLES); do $(TARGET)/release/millstream build plugins/$$name \
		|| echo "SKIPPED: plugins/$$name"; done
	$(TARGET)/release/millstream-bench figures

# Many messages through each language's plugin: MESSAGES=N of them, and four times as many through Go's.
soak: export MILLSTREAM_MESSAGES = $(or $(MESSAGES),300000)
soak: export MILLSTREAM_BIN = $(abspath $(TARGET))/release/millstream
soak: wasm-target toolchains
	cargo build --release --locked -p millstream
	cargo test --release --locked -p millstream-tests --test soak -- --nocapture

# Durable publishing beside Kafka, Redis, RabbitMQ and JetStream, which it installs where they are
# missing: PEERS="kafka millstream" measures only those, and takes the program's options as well.
bench-peers:
	cargo build --release --locked -p millstream
	cargo run --release --locked --manifest-path tests/bench/peers/Cargo.toml --target-dir $(TARGET)/peers -- \
		--millstream $(TARGET)/release/millstream --dir $(TARGET)/bench-peers $(PEERS)

# An echo in other sandboxes beside ours: Extism and fluvio-smartengine, and their guests. Extism's engine
# names a newer compiler than ours, which compiles it as well.
SANDBOXES := tests/bench/sandboxes
bench-sandboxes: wasm-target
	cd tests/guests && env -u CARGO_TARGET_DIR cargo build --release --locked --target wasm32-unknown-unknown
	cargo build --release --locked --manifest-path $(SANDBOXES)/guests/Cargo.toml --target wasm32-unknown-unknown \
		--target-dir $(TARGET)/sandboxes/guests
	cargo build --release --locked -p millstream -p millstream-bench
	cargo run --release --locked --ignore-rust-version --manifest-path $(SANDBOXES)/Cargo.toml \
		--target-dir $(TARGET)/sandboxes -- --millstream-bench $(TARGET)/release/millstream-bench \
		--guests $(TARGET)/sandboxes/guests/wasm32-unknown-unknown/release

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

# Swaps a plugin SWAPS times while messages flow, in memory and with a journal, mostly to versions that are
# no good, and counts what is lost, repeated and out of order.
swaps: export MILLSTREAM_SWAPS = $(or $(SWAPS),1000)
swaps: export MILLSTREAM_BIN = $(abspath $(TARGET))/release/millstream
swaps: wasm-target
	cargo build --release --locked -p millstream
	cargo test --release --locked -p millstream-tests --test swap -- --nocapture --test-threads=1 many

# Every hostile guest by itself: what its user sees.
sandbox: wasm-target
	cargo test --locked --workspace --test sandbox -- --skip all_of_them_at_once

# Every hostile guest at once, ROUNDS times over, beside one that does as it should.
storm: export MILLSTREAM_ROUNDS = $(or $(ROUNDS),1000)
storm: wasm-target
	cargo test --release --locked -p millstream-tests --test sandbox -- --nocapture all_of_them_at_once

# Breaks the core and the journal in small ways, one at a time, and counts those that their tests find:
# ONLY=journal breaks only that.
mutants:
	cargo run --locked -p millstream-mutants -- $(ONLY)

# Fuzzes what strangers hand in, each TARGETS for SECONDS, from the corpus that lies in the
# repository and what earlier runs found. Needs the toolchain NIGHTLY; installs cargo-fuzz.
FUZZED := $(TARGET)/fuzz-corpus
fuzz:
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz@0.13.2
	@set -e; for target in $(or $(TARGETS),inspect answers); do \
		mkdir -p $(FUZZED)/$$target; \
		cargo +$(NIGHTLY) fuzz run --fuzz-dir tests/fuzz --target-dir $(TARGET)/fuzz $$target \
			$(FUZZED)/$$target tests/fuzz/corpus/$$target -- \
			-max_total_time=$(or $(SECONDS),600) -timeout=10 -rss_limit_mb=2560 -max_len=65536; done

install: wasm-target
	cargo install --locked --path runtime/cli

# What Rust plugins are built for.
wasm-target:
	@test -d "$$(rustc --print target-libdir --target wasm32-unknown-unknown)" \
		|| rustup target add wasm32-unknown-unknown \
		|| { echo "the target wasm32-unknown-unknown is missing and rustup could not add it" >&2; exit 1; }
