#!/usr/bin/env bash
# Property tests and every parser's fuzz target on cases that were never drawn before: an hour for each target, or MINUTES for
# all of them together. A failure names the seed that brings it back, and keeps the input.
# Then a sweep that kills the program at every system call that changes files; make test tries a few of them.
#   scripts/soak.sh [MINUTES]
set -euo pipefail
cd "$(dirname "$0")/.."
[[ ${1:-1} =~ ^[0-9]+$ ]] || { printf 'scripts/soak.sh [MINUTES]: %s is no whole number of minutes.\n' "$1" >&2; exit 2; }
seed=$(od -An -N8 -tu8 /dev/urandom | tr -d ' ')
export PROPTEST_RNG_SEED=$seed
failed() {
  printf 'soak: failed; bring it back with PROPTEST_RNG_SEED=%s %s\n' "$seed" "$1"
  exit 1
}
# Ten times as many cases as make test, of the crates that test properties.
export PROPTEST_CASES=2560
cargo test --quiet --workspace --exclude gridwall --exclude wall-tests -- --skip fuzz_ || failed "PROPTEST_CASES=$PROPTEST_CASES cargo test --workspace"
mapfile -t targets < <(cargo test --quiet --workspace --lib -- --list | sed -n 's/^\(.*fuzz_.*\): test$/\1/p')
[ ${#targets[@]} -gt 10 ] || { printf 'soak: only %d fuzz targets were found\n' "${#targets[@]}"; exit 1; }
seconds=$((${1:-$((60 * ${#targets[@]}))} * 60 / ${#targets[@]}))
[ "$seconds" -gt 0 ] || seconds=1
printf 'soak: %d fuzz targets, %d s each\n' "${#targets[@]}" "$seconds"
for target in "${targets[@]}"; do
  GRIDWALL_FUZZ_SECONDS=$seconds cargo test --quiet --workspace --lib -- --exact "$target" --nocapture ||
    failed "GRIDWALL_FUZZ_SECONDS=$seconds cargo test --workspace --lib -- --exact $target"
done
printf 'soak: all targets passed\n'
# Killed at every system call that changes files, of first start, migration, import, publication and restore (needs strace).
GRIDWALL_SWEEP=all cargo test --quiet --workspace --test wall sweep -- --nocapture
printf 'soak: every kill left a folder that goes on\n'
