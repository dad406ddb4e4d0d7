# Sourced from the project's root: the program to be measured, in GRIDWALL_BIN; built for release unless one is named.
if [ -z "${GRIDWALL_BIN:-}" ]; then
  scripts/setup.sh run
  cargo build --release --bin gridwall
  GRIDWALL_BIN=${CARGO_TARGET_DIR:-$PWD/target}/release/gridwall
  export GRIDWALL_BIN
fi
