#!/usr/bin/env bash
# What is parallel (threads that mark, on a pool that several arenas share) under ThreadSanitizer: the
# program `tests/threads.rs`. It must pass, and it must be found to race with a race planted in it.
set -euo pipefail
cd "$(dirname "$0")/.."

. ci/sanitizer-target

# The standard library is not instrumented, and fences are not understood, so some of what is ordered
# looks like a race.
suppressions=$(mktemp)
report=$(mktemp)
trap 'rm -f "$suppressions" "$report"' EXIT
cat >"$suppressions" <<'LIST'
# An `Arc` frees what it held after a fence.
race:alloc::sync::Arc
# A thread hands over what it returns in a `Packet`.
race:std::thread::lifecycle::Packet
race:std::thread::scoped
# A thread that sleeps or waits has let go of its mutex within `Condvar::wait`.
race:rayon_core::sleep
race:rayon_core::latch::LockLatch
race:rayon_core::latch::CountLatch as
# The slots of a deque are ordered by fences.
race:crossbeam_deque::deque::Buffer
LIST

export RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer -Zshare-generics=no"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/tsan"
# With the bugs of `gc-core/src/planted`, each of which is there if it is asked for.
export RUSTC_WORKSPACE_WRAPPER="$PWD/ci/rustc-planted.sh"
export TSAN_OPTIONS="suppressions=$suppressions halt_on_error=1"

run() {
    cargo test --release --quiet --target "$target" -p tenure --test threads \
        --no-default-features --features std,parallel,generational,marksweep
}

GC_PLANTED="" run
if GC_PLANTED=marks-are-not-atomic run >"$report" 2>&1; then
    echo "the race was not found"
    exit 1
fi
if ! grep -q "WARNING: ThreadSanitizer: data race" "$report"; then
    cat "$report"
    exit 1
fi
echo "no race, and the planted one is found"
