#!/usr/bin/env bash
# How the threads that mark find out that they are done, or alone: two of them, in every interleaving
# of up to four preemptions.
set -euo pipefail
cd "$(dirname "$0")/.."

export RUSTFLAGS="${RUSTFLAGS-} --cfg loom"
# Apart, so that the next ordinary build does not begin anew.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"

cargo test -p gc-core --features parallel --lib activity "$@"
