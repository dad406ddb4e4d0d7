#!/usr/bin/env bash
# Criterion benches of wall-core, then one table with the ratio of each to the plain way, from one run,
# and one of the boundary planner's subdivision at its size.
# Arguments filter the criterion benches.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:$HOME/.cargo/bin"
cargo bench -p wall-core --bench wall -- "$@"
cargo bench -p wall-core --bench ratios
cargo bench -p wall-core --bench topology
cargo bench -p wall-core --bench planning
