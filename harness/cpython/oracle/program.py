"""Heap programs as text."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from operations import Op
from syntax import Mismatch, check_op, shorten


class ProgramError(Exception):
    """A text is no heap program. The message says where, what should be there, and what is."""


def read_lines(text: bytes, file: str) -> list[Op]:
    """Reads a program of an operation a line; errors call it `file`."""
    program: list[Op] = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        line = line.strip()
        if line and not line.startswith(b"#"):
            with _located(f"{file}:{number}"):
                op = _parse(line, "a JSON object on one line")
                check_op(op)
                program.append(op)
    return program


def read_array(line: bytes, place: str) -> list[Op]:
    """Reads a program that is an array of operations; errors call it `place`."""
    expected = "a JSON array of operations on one line"
    with _located(place):
        program: list[Op] = _parse(line, expected)
        if type(program) is not list:
            raise Mismatch.of(expected, program)
    for number, op in enumerate(program):
        with _located(f"{place}, operation {number}"):
            check_op(op)
    return program


def _parse(text: bytes, expected: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        found = shorten(text.decode(errors="replace").strip())
        raise Mismatch(expected, f"`{found}` ({error})") from None


@contextmanager
def _located(place: str) -> Iterator[None]:
    try:
        yield
    except Mismatch as mismatch:
        raise ProgramError(f"{place}: {mismatch}") from None
