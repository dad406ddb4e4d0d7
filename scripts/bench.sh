#!/usr/bin/env bash
# Criterion benches of wall-core, then the ratio of each to the plain way beside it. Arguments filter the benches.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench -p wall-core --benches -- "$@"
node scripts/ratios.mjs
