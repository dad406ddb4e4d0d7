#!/usr/bin/env bash
# Every check of the project, in the order in which a mistake is cheapest to find. Stops at the first stage that fails.
#   scripts/test.sh        all
#   scripts/test.sh lint   the checks that run nothing of the product
# Each stage prints its minutes; the end repeats the runners' own closing lines and counts what they say.
set -euo pipefail
cd "$(dirname "$0")/.."
export NO_COLOR=1
# A build that is thrown away gains nothing from incremental files.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-0}
# The same tree is judged alike every time: property tests draw the same cases here, and new ones in scripts/soak.sh.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20261126}
target=${CARGO_TARGET_DIR:-target}
logs=$target/test-logs
mkdir -p "$logs"
rm -f "$logs"/*.log
stages=()

minutes() { awk -v s="$1" 'BEGIN { printf "%.1f", s / 60 }'; }

# stage NAME COMMAND... : runs it, keeps its output, says how long it took.
stage() {
  local name=$1 began=$SECONDS
  shift
  stages+=("$name")
  printf '== %s\n' "$name"
  if ! "$@" 2>&1 | tee "$logs/$name.log"; then
    printf 'stage %s: failed after %s min\n' "$name" "$(minutes $((SECONDS - began)))"
    exit 1
  fi
  printf 'stage %s: %s min\n' "$name" "$(minutes $((SECONDS - began)))"
}

closing() {
  local status=$?
  printf '\n== closing lines\n'
  node scripts/lib/tally.mjs "$logs" "${stages[@]}" || status=1
  printf 'total: %s min\n' "$(minutes $SECONDS)"
  [ $status = 0 ] && printf 'all stages passed\n' || printf 'FAILED\n'
  exit $status
}
trap closing EXIT

ui() { npm --prefix ui run --silent "$@"; }
ui_checks() { ui lint && ui typecheck; }
docs() { RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps; }
node_tests() { node --test --test-concurrency=1 --test-reporter=spec "$@"; }
browser_tests() { node_tests tests/browser/*.test.mjs; }
# A day at the wall with the database on a PostgreSQL: lists and counts, and a server that dies and comes back.
browser_on_postgres() { scripts/postgres.sh run node --test --test-concurrency=1 --test-reporter=spec tests/browser/lists.test.mjs tests/browser/continuity.test.mjs; }
window_test() { node_tests tests/window/*.test.mjs; }
# The programs that tests start, built with the same features as everything else.
build() { cargo build --workspace --bins; }
rust_tests() { GRIDWALL_BIN=$(node scripts/lib/wall.mjs) cargo test --workspace; }
# The same store, service and program with the database on a PostgreSQL; what is about the files of SQLite stays there.
postgres_tests() {
  export GRIDWALL_BIN
  GRIDWALL_BIN=$(node scripts/lib/wall.mjs)
  scripts/postgres.sh run bash -ec '
    cargo test --workspace --lib -- db::
    cargo test --workspace --test store --test http
    cargo test --workspace --test wall -- access:: crash:: intake:: open311:: plans:: user::
  '
}

stage setup scripts/setup.sh test
exec </dev/null # from here on nobody is asked anything
stage fmt cargo fmt --all -- --check
stage invariants node scripts/invariants.mjs
stage licences node scripts/licences.mjs
stage scripts node_tests scripts/test/*.test.mjs
[ "${1:-}" = lint ] || stage core cargo test -p wall-core
stage ui-lint ui_checks
[ "${1:-}" = lint ] || stage ui-tests ui test
stage clippy cargo clippy --workspace --all-targets -- -D warnings
[ "${1:-}" = lint ] && exit 0
stage build build
stage rust rust_tests
stage postgres postgres_tests
stage rustdoc docs
stage browser browser_tests
stage browser-postgres browser_on_postgres
stage window window_test
