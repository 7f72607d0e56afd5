#!/usr/bin/env bash
# Changes the code in which a mistake loses objects, one place at a time, and reports the changes that no test
# notices. docs/mutants.md has those, and why they may stay.
#
#     ci/mutants.sh                                     # everything, for hours
#     ci/mutants.sh gc-core/src/heap/log.rs             # some files
#
# cargo-mutants says what to change, and `ci/plant-mutants` puts all of that into one build of a copy. For each
# change the crates' own tests are run, and if they do not notice it, the suites, by `ci/planted-bugs.sh`.
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
# What is built once runs for hours.
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
ulimit -v 16000000

packages=(-p gc-core -p gc-refcount -p gc-marksweep -p gc-generational --features gc-core/parallel)
export RUSTC_WORKSPACE_WRAPPER=$copy/ci/rustc-planted.sh
build_tests() {
    cargo test "$@" --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}
own_tests=$(build_tests "${packages[@]}" --lib --tests)
# What goes back to the system, and quickly.
own_tests+=$'\n'$(build_tests -p harness --test resident_memory --test system_memory | grep _memory-)
# The examples in the documentation of gc-core are one program, which the stable compiler does not keep.
examples=$CARGO_TARGET_DIR/examples
rm -rf "$examples"
RUSTC_BOOTSTRAP=1 RUSTDOCFLAGS="-Zunstable-options --persist-doctests $examples" \
    cargo test --quiet --doc -p gc-core --features gc-core/parallel
own_tests+=$'\n'$(ls "$examples"/merged_doctest_*/rust_out)
pass_own_tests() {
    local program
    for program in $own_tests; do
        GC_PLANTED=$1 timeout 30 "$program" >/dev/null 2>&1 || return 1
    done
}
export own_tests
export -f pass_own_tests
# Without any change.
pass_own_tests ""

planted=$(grep -o '"mutant-[0-9]*"' gc-core/src/planted/bugs.rs | tr -d '"')
missed=$(xargs -P "$(nproc)" -I{} bash -c 'exec 2>/dev/null; pass_own_tests {} && echo {} || true' <<<"$planted" | sort)
echo "the crates' own tests notice all but $(wc -w <<<"$missed") of $(wc -w <<<"$planted")"
# shellcheck disable=SC2086 # names, each a word
[[ -z $missed ]] || ci/planted-bugs.sh $missed
