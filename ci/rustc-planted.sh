#!/bin/sh
# The compiler as `ci/planted-bugs.sh` wants it for the crates of this workspace. What is wrong on purpose is
# nothing to be warned of.
rustc=$1
shift
exec "$rustc" --cfg gc_planted --cap-lints allow "$@"
