#!/usr/bin/env bash
# 1,000 tickets a second for 60 s against a wall of its own, built for release. Arguments go to scripts/load.mjs (see there).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/release.sh
exec node scripts/load.mjs "$@"
