#!/usr/bin/env bash
# 1,000 tickets a second for 60 s against a wall of its own, built for release. Arguments go to scripts/load.mjs (see there).
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${GRIDWALL_BIN:-}" ]; then
  scripts/setup.sh run
  cargo build --release --bin gridwall
  GRIDWALL_BIN=${CARGO_TARGET_DIR:-$PWD/target}/release/gridwall
  export GRIDWALL_BIN
fi
exec node scripts/load.mjs "$@"
