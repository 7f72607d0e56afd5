#!/usr/bin/env bash
# Code of the collectors that only `ci/zeal.sh`, `ci/asan.sh` and `ci/loom.sh` build: it must compile, so
# that these still run when somebody needs them.
set -euo pipefail
cd "$(dirname "$0")/.."

# Apart, so that the next ordinary build does not begin anew.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/rare"

RUSTFLAGS="${RUSTFLAGS-} --cfg gc_zeal --cfg asan" cargo check --quiet --tests \
    -p gc-core -p gc-refcount -p gc-marksweep -p gc-generational
RUSTFLAGS="${RUSTFLAGS-} --cfg loom" cargo check --quiet -p gc-core --features parallel --lib --profile test
echo "all of them compile"
