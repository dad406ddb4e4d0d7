#!/usr/bin/env bash
# Several machines on one, in network namespaces: links cut and slowed down, a server and the database killed (scripts/machines.mjs).
# Needs root; builds nothing where GRIDWALL_BIN names the program.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${GRIDWALL_BIN:-}" ]; then
  scripts/setup.sh test
  cargo build --workspace --bins
fi
exec node scripts/machines.mjs "$@"
