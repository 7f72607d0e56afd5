#!/usr/bin/env bash
# What is bounded in the loops of a trace and in a header made small (`--cfg gc_zeal`): queues, buffers,
# pieces of arrays, what threads share, and counts. The crates' own tests, the conformance suite, the
# heap programs, and random ones in settings that are drawn.
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTFLAGS="${RUSTFLAGS-} --cfg gc_zeal"
# Apart, so that the next ordinary build does not begin anew.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/zeal"

cargo test -p gc-core -p gc-refcount -p gc-marksweep -p gc-generational
cargo test -p harness --test conformance --test heap_programs --test failures
cargo run --release -p harness -- diff --zeal --programs="${PROGRAMS:-10000}" --ops=100
