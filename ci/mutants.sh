#!/usr/bin/env bash
# Changes the code in which a mistake loses objects, one place at a time, and reports the changes that no test
# notices. docs/mutants.md has those, and why they may stay.
#
#     ci/mutants.sh                                     # everything, for an hour
#     ci/mutants.sh gc-core/src/heap/log.rs             # some files
#
# cargo-mutants says what to change, `ci/plant-mutants` puts all of that into one build of a copy, and the
# program of `ci/planted-bugs.sh` runs the suites for each change. What these do not notice has to pass the
# crates' own tests.
set -euo pipefail
cd "$(dirname "$0")/.."

files=("$@")
if ((${#files[@]} == 0)); then
    files=(
        gc-core/src/heap/{barrier,promote,counts,mark,log,evacuate,sweep,reclaim}.rs
        gc-refcount/src/counting.rs
        gc-marksweep/src/{trial_deletion,mark_sweep}.rs
        gc-generational/src/{trace,remembered,full,collector}.rs
    )
fi

if ! cargo mutants --version >/dev/null 2>&1; then
    cargo install cargo-mutants --locked
fi
cargo build -p plant-mutants
plant=$(realpath "${CARGO_TARGET_DIR:-target}/debug/plant-mutants")

# Apart, and with an absolute path: the changed sources are a copy elsewhere.
mkdir -p "${CARGO_TARGET_DIR:-target}/mutants"
CARGO_TARGET_DIR=$(realpath "${CARGO_TARGET_DIR:-target}/mutants")
# What is built once runs for an hour.
export CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=false CARGO_PROFILE_DEV_OPT_LEVEL=2
copy=$CARGO_TARGET_DIR/workspace
rm -rf "$copy"
mkdir "$copy"
git ls-files -z | xargs -0 cp -p --parents -t "$copy"
cd "$copy"

# It leaves `unsafe fn` alone, which most of the inner functions are. So it is shown none: that word is as
# many spaces in what it reads, and each place is where it was.
for file in "${files[@]}"; do
    cp -p "$file" "$file.original"
    sed -i 's/\bunsafe fn\b/       fn/' "$file"
done
cargo mutants --workspace --list --json "${files[@]/#/--file=}" >"$CARGO_TARGET_DIR/changes.json"
for file in "${files[@]}"; do
    mv "$file.original" "$file"
done
"$plant" "$copy" "$CARGO_TARGET_DIR/changes.json"

# A loop that allocates without end is stopped before it takes the machine along.
ulimit -v 8000000
ci/planted-bugs.sh mutant- | tee "$CARGO_TARGET_DIR/suites.log" || grep -q '^mutant-' "$CARGO_TARGET_DIR/suites.log"
escaped=$(sed -n 's/^\(mutant-[0-9]*\) .* NOT CAUGHT$/\1/p' "$CARGO_TARGET_DIR/suites.log")
for name in $escaped; do
    if GC_PLANTED=$name timeout 300 env RUSTC_WORKSPACE_WRAPPER="$copy/ci/rustc-planted.sh" \
        cargo test -p gc-core -p gc-refcount -p gc-marksweep -p gc-generational \
        --features gc-core/parallel --lib --tests >"$CARGO_TARGET_DIR/$name.log" 2>&1; then
        echo "missed: $(sed -n "s/^    bug(\"$name\", [^]]*], \"\(.*\)\"),/\1/p" gc-core/src/planted/bugs.rs)"
    else
        echo "$name is noticed by the crates' own tests"
    fi
done | tee "$CARGO_TARGET_DIR/missed.log"
