#!/usr/bin/env bash
# The header of an object in its second form, which targets use whose pointers are not 64 bits wide:
# the crates' own tests, the heap programs, and unless it is to be `quick` the conformance suite.
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTFLAGS="${RUSTFLAGS-} --cfg gc_two_word_header"
# Quicker to build: no line is looked up here.
export CARGO_PROFILE_DEV_DEBUG=false
# Apart, so that the next ordinary build does not begin anew.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/two-word-header"

cargo test -p gc-core -p gc-refcount -p gc-marksweep -p gc-generational
cargo test -p harness --test heap_programs
if [[ ${1-} != quick ]]; then
    cargo test -p harness --test conformance
fi
