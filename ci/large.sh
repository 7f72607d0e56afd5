#!/usr/bin/env bash
# The tests that take minutes or gigabytes: structures ten million deep, 2^32 objects, 100,000 arenas, a
# heap of 8 GB. One collector at a time, for the memory. Says what it leaves out, and why.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo test --release -p harness --test faults --no-run

available_gb() {
    # Elsewhere than on Linux nobody knows.
    awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2> /dev/null || echo 0
}

skipped=()

# large NAME GIGABYTES [COLLECTOR...]: runs a test for each collector, if there is memory.
large() {
    local name=$1 needed_gb=$2
    shift 2
    for collector in "$@"; do
        local available
        available=$(available_gb)
        if ((available < needed_gb)); then
            skipped+=("$name on $collector: needs $needed_gb GB, and $available are available")
            continue
        fi
        echo "== $name on $collector"
        cargo test --release -q -p harness --test faults -- --include-ignored --exact --nocapture \
            "$name::on_$collector"
    done
}

all=(null refcount marksweep generational)
collecting=(refcount marksweep generational)

large many::arenas_without_number_live_at_once 4 "${all[@]}"
large deep::structures_of_every_shape_may_be_ten_million_deep 6 "${all[@]}"
large many::objects_without_number_come_and_go 2 "${collecting[@]}"
skipped+=("many::objects_without_number_come_and_go on null: it reclaims nothing, so 2^32 objects take 64 GB")
large many::a_heap_may_have_eight_gigabytes 14 "${all[@]}"

for reason in "${skipped[@]}"; do
    echo "skipped: $reason"
done
