#!/usr/bin/env bash
# The facade under each of the eight combinations of its collectors, without and with `std`, and the
# crates below it without any feature: they are `no_std`.
set -euo pipefail
cd "$(dirname "$0")/.."

run() {
    printf '+ %s\n' "$*"
    "$@"
}

collectors=(refcount marksweep generational)
for ((set = 0; set < 8; set++)); do
    chosen=()
    for ((i = 0; i < 3; i++)); do
        if (((set >> i) & 1)); then
            chosen+=("${collectors[i]}")
        fi
    done
    features=$(IFS=,; printf '%s' "${chosen[*]-}")
    run cargo build --quiet -p tenure --no-default-features --features "$features"
    run cargo clippy --quiet -p tenure --all-targets --no-default-features --features "$features" -- -D warnings
    run cargo test --quiet -p tenure --no-default-features --features "$features"
done
run cargo test --quiet -p tenure --all-features

for crate in gc-core gc-refcount gc-marksweep gc-generational; do
    run cargo clippy --quiet -p "$crate" --lib --no-default-features -- -D warnings
done
# What gc-insight adds, each feature alone.
for feature in flame-graph pprof tracing backtrace; do
    run cargo clippy --quiet -p gc-insight --lib --no-default-features --features "$feature" -- -D warnings
done
# Each feature of gc-core alone, without `std`.
for feature in derive hashbrown indexmap slotmap smallvec; do
    run cargo clippy --quiet -p gc-core --lib --no-default-features --features "$feature" -- -D warnings
done
