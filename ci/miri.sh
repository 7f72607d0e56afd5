#!/usr/bin/env bash
# gc-core and the collectors under Miri, which checks the rules of pointers and of aliasing.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo miri --version >/dev/null 2>&1; then
    echo "not installed"
    exit 0
fi
# No integer is ever cast to a pointer: strict provenance holds.
export MIRIFLAGS="${MIRIFLAGS--Zmiri-strict-provenance}"
cargo miri test -p gc-core -p gc-refcount -p gc-marksweep -p gc-generational "$@"
