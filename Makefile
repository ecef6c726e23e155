# Every chore has a name; CI calls the same names.
.DELETE_ON_ERROR:
.PHONY: run test drill bench bench-quick bench-peers capacity web lint lint-pages fmt docs deny

# Builds, and serves both routes at 127.0.0.1:8080 with its data in studyroute.db beside.
run: web
	cargo run --locked --release -- serve

# Everything, on SQLite and on a PostgreSQL of its own. Installs by apt what is missing, where it may.
test:
	scripts/test-setup
	scripts/build-pages
	scripts/with-postgres cargo test --locked
	scripts/test-pages

# Three nodes and a PostgreSQL pair under load, and what may befall them, again and again; writes target/drill/report.txt. `make test` does a
# short form.
drill:
	scripts/test-setup
	STUDYROUTE_TEST_DRILL=whole cargo test --locked --test drill

# Everything against its limit or a peer, in one run; writes BENCHMARKS.md. Ends within 30 minutes on 2 cores.
bench:
	cargo bench --locked --bench speed

# Three minutes: what has moved by more than a tenth since benches/baseline.json was recorded.
bench-quick:
	cargo bench --locked --bench speed -- --quick

# Installs the peers that `make bench` measures where it finds them; their files go under target/.
bench-peers:
	benches/peers/install

# What a visitor's day costs on SQLite and on PostgreSQL, a quarter of an hour; writes docs/capacity.json and CAPACITY.md's tables.
capacity:
	cargo build --locked --release
	benches/capacity.py
	STUDYROUTE_TEST_WRITE=1 cargo test --locked --test capacity every_figure

# The pages and the models, which cargo builds into the program or the program reads beside the routes. Needs Node; cargo never runs it.
web:
	scripts/build-pages

# The pages' types against the API's own document, and their style.
lint-pages:
	cargo run --locked --quiet -- openapi > target/openapi.json
	cd web && npm run --silent check

fmt:
	cargo fmt

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

# cargo-deny is used where it is installed; the test in tests/supply.rs checks the same lists everywhere.
deny:
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "cargo-deny is not installed; tests/supply.rs checks licences, sources and versions"; fi

lint: docs deny web lint-pages
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
