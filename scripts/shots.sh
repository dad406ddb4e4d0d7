#!/usr/bin/env bash
# Screenshots of the served wall into docs/screenshots/. Arguments go to scripts/shots.mjs (see there).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh shots
cargo build --workspace --bins
exec node scripts/shots.mjs "$@"
