#!/usr/bin/env bash
# Property tests again and again, each time on cases that were never drawn before. A failure names the seed that brings
# it back: PROPTEST_RNG_SEED=<seed> cargo test ... Damaged files are drawn by the thousand (GRIDWALL_FUZZ_CASES).
# Then a sweep that kills the program at every system call that changes files; make test tries a few of them.
#   scripts/soak.sh [MINUTES]   ten minutes when not said; always one whole round, and the sweep after it
set -euo pipefail
cd "$(dirname "$0")/.."
[[ ${1:-10} =~ ^[0-9]+$ ]] || { printf 'scripts/soak.sh [MINUTES]: %s is no whole number of minutes.\n' "$1" >&2; exit 2; }
ends=$((SECONDS + ${1:-10} * 60))
log=$(mktemp)
trap 'rm -f "$log"' EXIT
packages=(wall-core wall-service) # the crates that test properties
rounds=0
until [ $SECONDS -ge $ends ] && [ $rounds -gt 0 ]; do
  seed=$(od -An -N8 -tu8 /dev/urandom | tr -d ' ')
  for package in "${packages[@]}"; do
    if ! GRIDWALL_FUZZ_CASES=${GRIDWALL_FUZZ_CASES:-4000} PROPTEST_RNG_SEED=$seed cargo test --quiet -p "$package" --lib --tests >"$log" 2>&1; then
      cat "$log"
      printf 'soak: failed in round %d; bring it back with GRIDWALL_FUZZ_CASES=4000 PROPTEST_RNG_SEED=%s cargo test -p %s\n' $((rounds + 1)) "$seed" "$package"
      exit 1
    fi
  done
  rounds=$((rounds + 1))
done
printf 'soak: %d rounds, all passed\n' "$rounds"
# Killed at every system call that changes files, of first start, migration, import and publication (needs strace).
GRIDWALL_SWEEP=all cargo test --quiet -p wall-tests --test wall sweep -- --nocapture
printf 'soak: every kill left a folder that goes on\n'
