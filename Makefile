# `make run` plays Till on your machine; `make test` proves it. CI runs the same `make test`.

step := tests/setup/step
nextest_profile := $(if $(CI),ci,default)

.NOTPARALLEL:
.PHONY: help run test steps setup check format lint doc doctest deny advisories unit interop browser pictures sim model \
	chaos chaos-build chaos-short chaos-points mutants mutants-fit fuzz fuzz-smoke

help: ## Lists the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## Gateway, sandbox and demo shop in one process, data in ./data; prints the pages to open
	cargo build --locked --package gateway
	target/debug/till demo --data data --http 127.0.0.1:8080 --shop 127.0.0.1:8070 --sandbox 127.0.0.1:8090 --metrics 127.0.0.1:9464

# Every step runs, also after one has failed, so that one run shows all there is to mend.
test: setup ## Everything: format, lints, documents, licences, tests with real servers, browser
	@$(MAKE) --no-print-directory --keep-going steps

steps: format lint failures mutants-fit doc deny doctest unit sim model fuzz-smoke chaos-short interop browser

setup: ## Installs what the tests need (Debian's packages, npm packages)
	@$(step) setup tests/setup/install

check: format lint failures ## Format, lints and the table of failures only

format:
	@$(step) format cargo fmt --all --check
	@$(step) format-fuzz cargo fmt --manifest-path tests/fuzz/Cargo.toml --check

lint:
	@$(step) lint cargo clippy --locked --workspace --all-targets -- --deny warnings

.PHONY: failures
failures: ## Whether each failure of docs/reliability.md is shown by a test
	@$(step) failures tests/failures/table --check

doc:
	@RUSTDOCFLAGS='--deny warnings' $(step) doc cargo doc --locked --workspace --no-deps

# Building cargo-deny takes minutes, so it is not installed for everybody: where it is
# installed (CI installs it), it counts. The database of advisories changes by itself and lives
# on GitHub: a step of its own, so that the same commit always gives the same answer.
deny: ## Licences, sources and forbidden crates (needs cargo-deny)
	@if command -v cargo-deny >/dev/null; then \
		$(step) deny cargo deny --locked check bans licenses sources && \
		$(step) deny-fuzz cargo deny --manifest-path tests/fuzz/Cargo.toml --locked check bans licenses sources; \
	else \
		echo; echo '==> deny: skipped. To run it: cargo install --locked cargo-deny'; \
	fi

advisories: ## Known vulnerabilities of the crates in use (needs cargo-deny and GitHub)
	cargo deny --locked check advisories
	cargo deny --manifest-path tests/fuzz/Cargo.toml --locked check advisories

doctest:
	@$(step) doctest cargo test --locked --workspace --doc

unit: ## All Rust tests, with a PostgreSQL of their own
	@$(step) unit tests/setup/with-servers cargo nextest run --locked --workspace --profile $(nextest_profile)

# Each seed is a world of its own; a failing one is printed with the commit that it failed on.
SEEDS ?= 100000
sim: ## Lives through SEEDS=100000 simulated worlds (FROM=0), on every processor
	@$(step) sim cargo run --locked --quiet --profile sim --package till-sim -- --seeds $(SEEDS) --from $(or $(FROM),0) --threads $$(nproc) --commit $$(git rev-parse --short HEAD)

# Two tabs, two channels, crashes, lost calls: every state of a small world.
model: ## The exhaustive check of the core, optimised; FULL=1 goes on for minutes
	@$(step) model cargo run --locked --quiet --profile sim --package till-model -- $(if $(FULL),--full) --ends

# A list that no longer fits the code fails at once; the mistakes themselves take minutes.
mutants: ## Known mistakes, each of which the simulator must notice
	@$(step) mutants tests/mutants/run

mutants-fit:
	@$(step) mutants-fit tests/mutants/run --check

# A workspace of its own, built with a stable compiler and C++; findings land in tests/fuzz/artifacts.
fuzz: MINUTES = 10
fuzz: ## Makes up what strangers may send, MINUTES=10 for each target (TARGET=wechat_v2: for one)
	@$(step) fuzz tests/fuzz/run long $(MINUTES) $(TARGET)

fuzz-smoke: ## Everything in the fuzzers' corpus once, and five seconds of new inputs for each target
	@$(step) fuzz-smoke tests/fuzz/run smoke $(TARGET)

# Beside `till demo`, on free ports; writes docs/interop.md.
interop: ## The channels' own SDKs against the sandbox and against what the gateway signs
	@cargo build --locked --workspace --bin till
	@$(step) interop npm --prefix tests/interop test --silent

# Last, and without a heading's end, so that the runner's own summary closes the output.
browser: ## Chromium through the shop, the checkout page and the wallets
	@cargo build --locked --workspace --bin till
	@printf '\n==> browser\n'
	@npm --prefix tests/browser test --silent

# Till with crash points, beside the Till that people use: a program of its own in the same
# target folder, so that neither build disturbs the other.
chaos_programs := --locked --workspace --features gateway/crash-points --bin till-crash --bin till-chaos
chaos-build:
	@$(step) chaos-build cargo build $(chaos_programs)

chaos_short := target/debug/till-chaos --till target/debug/till-crash
chaos_long := target/sim/till-chaos --till target/sim/till-crash
MINUTES ?= 30
RATE ?= 100
SEED ?= 1
STORE ?= postgres

# A hundred orders a second want a fast build.
chaos: ## Kills, cuts and stalls everything for MINUTES=30 while RATE=100 orders a second are paid, and compares the books (SEED=1 STORE=postgres|sqlite)
	@$(step) chaos-build cargo build --profile sim $(chaos_programs)
	@$(step) chaos tests/setup/with-servers $(chaos_long) --store $(STORE) --seconds $$(($(MINUTES) * 60)) --rate $(RATE) --seed $(SEED)

chaos-short: chaos-points ## Every crash point once, then two minutes of chaos on PostgreSQL and half a minute on SQLite
	@$(step) chaos-postgres tests/setup/with-servers $(chaos_short) --store postgres --seconds 120 --rate 5 --seed $(SEED)
	@$(step) chaos-sqlite $(chaos_short) --store sqlite --seconds 30 --rate 5 --seed $(SEED) --quick

# They wait for leases more than they compute, so many run at once.
chaos-points: chaos-build ## Every crash point once, one test each
	@cargo build --locked --workspace --bin till
	@$(step) chaos-points cargo nextest run --locked --workspace --features till-chaos/crash-points --test points --test-threads 16 --profile $(nextest_profile)

pictures: setup ## Takes the screenshots of docs/screenshots anew
	cargo build --locked --workspace --bin till
	TILL_PICTURES=$(CURDIR)/docs/screenshots npm --prefix tests/browser test --silent
