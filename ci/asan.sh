#!/usr/bin/env bash
# All tests under AddressSanitizer, with the heap's free memory poisoned (`gc-core/src/heap/shadow.rs`).
#
#   ci/asan.sh                                  everything
#   ci/asan.sh -p harness --test conformance    a part
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/sanitizer-target
export RUSTFLAGS="-Zsanitizer=address --cfg asan"
export RUSTDOCFLAGS="-Zsanitizer=address"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/asan"

# `--target`, so that the flags are for the tests and not for build scripts and macros.
parts=("$@")
if (($# == 0)); then
    parts=(--workspace)
fi
cargo test --target "$target" "${parts[@]}"
