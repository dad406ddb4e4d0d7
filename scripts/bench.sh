#!/usr/bin/env bash
# Criterion benches of wall-core, then one table with the ratio of each to the plain way, from one run,
# and one of the boundary planner's subdivision at its size; then start, memory, commands and questions of a whole wall with
# 1,000,000 tickets over 9,005 cells (the program is built for release, unless GRIDWALL_BIN names one).
# Arguments filter the criterion benches.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:$HOME/.cargo/bin"
cargo bench -p wall-core --bench wall -- "$@"
cargo bench -p wall-core --bench ratios
cargo bench -p wall-core --bench topology
cargo bench -p wall-core --bench planning
. scripts/lib/release.sh
node scripts/bench-wall.mjs
