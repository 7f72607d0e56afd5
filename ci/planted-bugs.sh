#!/usr/bin/env bash
# Whether the tests catch bugs: builds with those that gc-core/src/planted/bugs.rs lists, and requires for
# each that a test fails where it is switched on, and that none fails where none is. Prints which test it was.
# With arguments it is limited to bugs whose names have one of them in them.
set -euo pipefail
cd "$(dirname "$0")/.."

# Built beside what an ordinary build has. Who fails here is meant to: nobody reads the lines of a backtrace,
# and to look them up takes long.
export CARGO_PROFILE_DEV_DEBUG=false
export RUSTC_WORKSPACE_WRAPPER="$PWD/ci/rustc-planted.sh"
ONLY="$*" cargo test -p harness --test planted_bugs -- planted_bugs_ --nocapture --test-threads=1
