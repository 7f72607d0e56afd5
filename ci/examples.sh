#!/usr/bin/env bash
# Fails if a public item has no example: a function, a method, a type, a trait or a macro of the
# crates below whose documentation has no code that is compiled and run. One that makes no sense
# alone may name another whose example shows it, by the words "See the example of [..]".
#
# Fields and variants are part of their type's example, what implements a trait is part of the
# trait's, and a constant says itself what it is.
# `WITHOUT_JQ=skip` lets a machine without jq pass.
set -euo pipefail
cd "$(dirname "$0")/.."

crates=(gc-core gc-derive gc-refcount gc-marksweep gc-generational gc-insight tenure)

# What shows in a whole collector only, each with the file to read.
exceptions=(
    "gc-core/src/collector.rs owed"                 # gc-refcount/src/collector.rs
    "gc-core/src/heap/calls.rs finalize_counted"    # gc-refcount/src/death.rs
    "gc-core/src/heap/calls.rs relocate_finalizers" # gc-generational/src/finalizable.rs
    "gc-core/src/heap/garbage.rs save"              # gc-marksweep/src/collector.rs
    "gc-core/src/heap/garbage.rs saves_garbage"     # gc-marksweep/src/collector.rs
    "gc-refcount/src/counting.rs decrement_all"     # gc-marksweep/src/trial_deletion.rs
)

if ! command -v jq >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends jq
fi
if ! command -v jq >/dev/null; then
    echo "jq is not installed"
    [[ ${WITHOUT_JQ-} == skip ]]
    exit
fi

# Prints "file line name yes|no" for each item.
# shellcheck disable=SC2016
items='
. as $doc
| $doc.index[$doc.root | tostring].crate_id as $crate
| ([$doc.index[].inner.impl? | select(. != null and .trait != null) | .items[]
    | {key: tostring, value: true}] | from_entries) as $implements
| $doc.index[]
| select(.crate_id == $crate and ($implements[.id | tostring] | not))
| select(.inner | has("function") or has("struct") or has("enum") or has("union") or has("trait")
    or has("macro") or has("proc_macro") or has("type_alias"))
| ((.docs // "") | gsub("```(text|ignore)[^`]*```"; "")) as $docs
| "\(.span.filename) \(.span.begin[0]) \(.name) " +
    if $docs | test("```|See the example of \\[") then "yes" else "no" end'

# Apart, for `RUSTC_BOOTSTRAP` has dependencies built anew.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/examples

is_wrong=0
unused=("${exceptions[@]}")
for crate in "${crates[@]}"; do
    # The description that rustdoc writes for programs is not stable yet.
    RUSTC_BOOTSTRAP=1 cargo rustdoc --quiet -p "$crate" --lib --all-features -- \
        -Z unstable-options --output-format json
    json=$CARGO_TARGET_DIR/doc/${crate//-/_}.json
    with=0 all=0
    while read -r file line name has_example; do
        all=$((all + 1))
        if [[ $has_example == yes ]]; then
            with=$((with + 1))
        elif [[ " ${exceptions[*]/%/,} " == *" $file $name, "* ]]; then
            for index in "${!unused[@]}"; do
                [[ ${unused[index]} != "$file $name" ]] || unset "unused[index]"
            done
        else
            printf '%s:%s: `%s` has no example\n' "$file" "$line" "$name"
            is_wrong=1
        fi
    done < <(jq -r "$items" "$json" | sort -k1,1 -k2,2n)
    printf '%s: %s of %s items have an example\n' "$crate" "$with" "$all"
done
for exception in "${unused[@]}"; do
    printf 'no exception any more: %s\n' "$exception"
    is_wrong=1
done
exit "$is_wrong"
