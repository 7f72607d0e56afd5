#!/usr/bin/env bash
# Counts the instructions of the hot paths under valgrind's callgrind and compares them with
# `harness/instructions.json`. Fails if one has grown by more than 3 %.
#
#   ci/instructions.sh            compares
#   ci/instructions.sh --update   takes what is counted now as the new baseline: commit it with the
#                                 change that made the difference, and say why
#
# `WITHOUT_VALGRIND=skip` lets a machine without valgrind pass.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $(rustc -vV | sed -n 's/^host: //p') != x86_64-unknown-linux-gnu ]]; then
    echo "the baseline is for x86_64-unknown-linux-gnu"
    exit 0
fi
if ! command -v valgrind >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends valgrind
fi
if ! command -v valgrind >/dev/null; then
    echo "valgrind is not installed"
    [[ ${WITHOUT_VALGRIND-} == skip ]]
    exit
fi

if ! cargo run --release --quiet -p harness -- \
    instructions --baseline harness/instructions.json --compiler "$(rustc --version)" "$@"; then
    echo "if this is as it should be: ci/instructions.sh --update"
    exit 1
fi
