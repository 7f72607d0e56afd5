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
# Tests ask for more memory than there is, and forget arenas: what is lost otherwise is for `ci/valgrind.sh`.
export ASAN_OPTIONS="${ASAN_OPTIONS-allocator_may_return_null=1:detect_leaks=0}"

# `--target`, so that the flags are for the tests and not for build scripts and macros.
parts=("$@")
if (($# == 0)); then
    parts=(--workspace)
fi
# Errors of a compiler that allows what is unstable have other words.
cargo test --no-fail-fast --target "$target" "${parts[@]}" -- --skip what_would_be_unsound
