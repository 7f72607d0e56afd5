"""Runs heap programs on CPython itself: the oracle of those who run them on other collectors.

    python3 -I oracle MODE FILE
    python3 -I oracle MODE

The first runs the program in a file, an operation a line, and prints an answer a line. The second
serves programs until its input ends: a program is a line, a JSON array of operations. So are its
answers: an array on one line, which is written out before the next program is read.

MODE is how objects die: `rc`, `rccycle`, `gen` or `settled`. See `collector.Mode`.

Where the input is not a program, this ends with 2 and says why on the standard error; what came
before has been answered. It ends with 1 if the answers cannot be written, or if it cannot vouch for
an answer, which it then does not give.

Written for CPython 3.10 to 3.13, on which it answers alike.
"""

import os
import sys

from collector import Mode
from program import ProgramError, read_array, read_lines
from session import run

USAGE = f"usage: python3 -I oracle {{{','.join(mode.value for mode in Mode)}}} [FILE]"


def run_file(mode: Mode, path: str) -> None:
    """Answers the program in a file."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise ProgramError(f"{path}: {error.strerror}") from None
    for answer in run(mode, read_lines(text, path)):
        write(answer)


def serve(mode: Mode) -> None:
    """Answers the programs that come from the standard input."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        answers = run(mode, read_array(line, f"<stdin>:{number}"))
        write(f"[{', '.join(answers)}]")


def write(line: str) -> None:
    """Writes a line out."""
    try:
        print(line, flush=True)
    except OSError as error:
        # What is still in the buffer would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"cannot write the answers: {error.strerror}")


def main(arguments: list[str]) -> None:
    """Does what the arguments of the command say."""
    try:
        match arguments:
            case [word, *files] if len(files) < 2 and word in (mode.value for mode in Mode):
                mode = Mode(word)
            case _:
                raise ProgramError(USAGE)
        if files:
            run_file(mode, files[0])
        else:
            serve(mode)
    except ProgramError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


main(sys.argv[1:])
