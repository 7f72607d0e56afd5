#!/usr/bin/env bash
# Which lines of gc-core and the collectors the tests reach, by file. With an argument, a report with every
# line goes to that folder as HTML. Takes about an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

# The compiler's own tools are seldom installed; those of a distribution do if they are as new.
if [[ -z ${LLVM_COV-} ]] && command -v llvm-cov-22 >/dev/null; then
    export LLVM_COV LLVM_PROFDATA
    LLVM_COV=$(command -v llvm-cov-22)
    LLVM_PROFDATA=$(command -v llvm-profdata-22)
fi
if ! cargo llvm-cov --version >/dev/null 2>&1; then
    cargo install --quiet --locked cargo-llvm-cov
fi
# Apart, so that the next ordinary build does not begin anew.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/coverage"
# Counters are changed atomically: threads that share them take longer than one alone.
export RUST_TEST_THREADS=1

crates=(gc-core gc-refcount gc-marksweep gc-generational)
packages=()
for crate in "${crates[@]}"; do
    packages+=(-p "$crate")
done
# The examples in the documentation are tests, too. To count them is unstable, so the stable compiler is told
# to allow it. What must not compile has other errors then; one claim verifies so much that it would take
# half an hour, and the goals are about speed.
skipped=()
for name in what_would_be_unsound full_collections_are_few the_goals_are_judged; do
    skipped+=(--skip "$name")
done
cargo llvm-cov clean --workspace --profraw-only
RUSTC_BOOTSTRAP=1 cargo llvm-cov --no-report --doctests --quiet "${packages[@]}" -p harness -p fuzz -- \
    "${skipped[@]}"

others='(harness|fuzz|gc-derive|gc-insight)/|/tests/|planted/|heap/shadow\.rs'
report() {
    RUSTC_BOOTSTRAP=1 cargo llvm-cov report --doctests "${packages[@]}" --ignore-filename-regex "$others" "$@"
}
if (($# > 0)); then
    report --html --output-dir "$1"
fi
report --summary-only
