#!/usr/bin/env bash
# Under valgrind's memcheck: what the fuzz corpus has, heap programs and sequences of calls to an arena, and
# random heap programs in settings that are drawn. It sees reads of what was never written, uses of chunks
# that were freed, and memory that is lost. What happens inside of a chunk it does not see: that is for
# `ci/asan.sh`.
#
# `WITHOUT_VALGRIND=skip` lets a machine without valgrind pass.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends valgrind
fi
if ! command -v valgrind >/dev/null; then
    echo "valgrind is not installed"
    [[ ${WITHOUT_VALGRIND-} == skip ]]
    exit
fi

memcheck() {
    printf '+ %s\n' "$*"
    # What threads of a pool still have when the program ends is not lost, only `possibly`.
    valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
        --errors-for-leak-kinds=definite "$@"
}

# The path of a program, which is built first.
program() {
    "$@" --quiet --message-format=json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

memcheck "$(program cargo test -p fuzz --test replay --no-run)" --test-threads=1 --quiet
memcheck "$(program cargo build --release -p harness)" diff --zeal --programs="${PROGRAMS:-1000}" --ops=60
