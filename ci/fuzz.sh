#!/usr/bin/env bash
# Runs each fuzz target, guided by coverage and under AddressSanitizer, for a time.
#
#   ci/fuzz.sh [SECONDS [TARGET..]]    60 seconds each if it is not said
#
# What is new goes to a folder beside the build, and with `KEEP=yes` into `fuzz/corpus`, as far as it
# reaches code that nothing there does. An input that fails is printed with its path: mend the bug, and
# put the input into `fuzz/corpus`, where `cargo test -p fuzz` replays it.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/sanitizer-target
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-fuzz
fi

seconds=${1:-60}
targets=("${@:2}")
if ((${#targets[@]} == 0)); then
    targets=(heap_programs arena_api readers)
fi

export RUSTFLAGS="${RUSTFLAGS-} --cfg asan"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/fuzz"

for name in "${targets[@]}"; do
    found=$CARGO_TARGET_DIR/corpus/$name
    mkdir -p "$found"
    # Programs that are shrunk panic on purpose, and what is wrong with a heap is not torn down.
    cargo fuzz run --features libfuzzer --target "$target" "$name" "$found" "fuzz/corpus/$name" -- \
        -max_total_time="$seconds" -max_len=512 -detect_leaks=0 -timeout=30 -verbosity=1
    if [[ ${KEEP-} == yes ]]; then
        cargo fuzz run --features libfuzzer --target "$target" "$name" "fuzz/corpus/$name" "$found" -- \
            -merge=1 -max_len=512 -detect_leaks=0
    fi
done
