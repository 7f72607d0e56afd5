#!/bin/sh
# The compiler as `ci/planted-bugs.sh` wants it for the crates of this workspace.
rustc=$1
shift
exec "$rustc" --cfg gc_planted "$@"
