#!/usr/bin/env bash
# Changes the code in which a mistake loses objects, one place at a time, and reports the changes that no test
# notices. docs/mutants.md has those that were looked at, and why they may stay.
#
#     ci/mutants.sh                                     # everything, for hours
#     ci/mutants.sh gc-core/src/heap/log.rs             # one file
#     ci/mutants.sh -- --shard 0/8                      # an eighth, with options of cargo-mutants
#
# The quick tests come first, those of the crate itself; what they miss has to pass the conformance suite.
# `target/mutants/mutants.out` says what became of each.
set -euo pipefail
cd "$(dirname "$0")/.."

files=()
while (($# > 0)) && [[ $1 != -- ]]; do
    files+=("$1")
    shift
done
if (($# > 0)); then
    shift
fi
if ((${#files[@]} == 0)); then
    files=(
        gc-core/src/heap/{barrier,promote,counts,mark,log,evacuate,sweep,reclaim}.rs
        gc-refcount/src/counting.rs
        gc-marksweep/src/{trial_deletion,mark_sweep}.rs
        gc-generational/src/{trace,remembered,full,collector}.rs
    )
fi

if ! cargo mutants --version >/dev/null 2>&1; then
    cargo install cargo-mutants --locked
fi

# Apart, and with an absolute path: the mutated sources are a copy elsewhere.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/mutants"
export CARGO_PROFILE_DEV_DEBUG=false
mkdir -p "$CARGO_TARGET_DIR"
# A loop that allocates without end is stopped before it takes the machine along.
ulimit -v 16000000

options=(--workspace --output "$CARGO_TARGET_DIR" --no-shuffle --jobs 1)
for file in "${files[@]}"; do
    options+=(--file "$file")
done
# 2 and 3 say that changes were missed or did not end: that is what the second run is for.
cargo mutants "${options[@]}" --timeout 60 "$@" -- --lib || [[ $? == [23] ]]
cargo mutants "${options[@]}" --timeout 300 --iterate --baseline skip \
    --test-package harness "$@" -- --test conformance
