#!/usr/bin/env bash
# All tests under AddressSanitizer, with the heap's free memory poisoned (`gc-core/src/heap/shadow.rs`).
# The flag is unstable, so the stable compiler is told to allow it.
#
#   ci/asan.sh                                  everything
#   ci/asan.sh -p harness --test conformance    a part
set -euo pipefail
cd "$(dirname "$0")/.."

target=x86_64-unknown-linux-gnu
if [[ $(rustc -vV | sed -n 's/^host: //p') != "$target" ]]; then
    echo "only on $target"
    exit 0
fi
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address --cfg asan"
export RUSTDOCFLAGS="-Zsanitizer=address"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/asan"

# `--target`, so that the flags are for the tests and not for build scripts and macros.
parts=("$@")
if (($# == 0)); then
    parts=(--workspace)
fi
cargo test --target "$target" "${parts[@]}"
