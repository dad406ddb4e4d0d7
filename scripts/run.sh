#!/usr/bin/env bash
# The wall on the demonstration district, from a fresh clone to the screen. Further arguments go to `gridwall`.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:$HOME/.cargo/bin"
scripts/setup.sh run
cargo build --workspace --bins
bin=$(node scripts/lib/wall.mjs)
# Without a graphics device WebKit's zero-copy renderer can fall over under load; nothing is lost without it.
[ -e /dev/dri ] || export WEBKIT_DISABLE_DMABUF_RENDERER=1
[ $# -gt 0 ] || set -- run --demo
exec "$bin" "$@"
