"""One heap program, an operation at a time. Every answer tells what CPython has done."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from actions import Actor, Boom
from collector import Collector, Mode
from heap import Heap, Refusal
from log import Log
from objects import Node, Weak, report_to
from operations import Op, Operator

_RETURNING = {
    "deref", "collect", "enable", "disable", "threshold",
    "counts", "stats", "garbage", "info", "churn",
}  # fmt: skip
"""The operations whose answers have a `ret`."""


def run(mode: Mode, program: Iterable[Op]) -> Iterator[str]:
    """Runs a program and answers each operation by a line of JSON.

    A line, not an object: answers that are kept would be there for the collector to look at.
    """
    session = Session(mode)
    for index, op in enumerate(program):
        if op["op"] == "reset":
            session.close()
            session = Session(mode)
        yield json.dumps({"i": index, "op": op["op"], **session.step(op)})
    session.close()


class Session:
    """A program that runs. There can be only one at a time."""

    def __init__(self, mode: Mode) -> None:
        self._heap = Heap(defeats_counting=mode is Mode.SETTLED)
        self._log = Log()
        self._collector = Collector(mode)
        self._operator = Operator(self._collector, self._heap, self._log)
        self._actor = Actor(self._collector, self._heap, self._log)
        self._is_open = True
        self._failure: BaseException | None = None
        report_to(self)
        sys.unraisablehook = self._note_unraisable

    def close(self) -> None:
        """Frees all objects of the program. Their finalizers and callbacks no longer act."""
        self._is_open = False
        self._heap.forget_roots()
        self._collector.close()
        if self._heap.living:
            raise RuntimeError(f"{len(self._heap.living)} objects have outlived their program")

    def step(self, op: Op) -> dict[str, Any]:
        """Runs one operation, and returns what its answer says beside of which operation it is."""
        answer: dict[str, Any] = {}
        try:
            ret = self._operator.perform(op)
        except Refusal as refusal:
            answer["error"] = str(refusal)
        else:
            if op["op"] in _RETURNING:
                answer["ret"] = ret
        if self._collector.mode is Mode.SETTLED:
            self._settle()
        if self._failure is not None:
            raise self._failure
        answer.update(self._log.take(self._heap.take_cleared()))
        answer.update(self._floating())
        answer["alive"] = len(self._heap.living)
        return answer

    def note_death(self, token: int) -> None:
        """See `objects.Witness`."""
        record = self._heap.bury(token)
        self._log.note_death(record)
        self._heap.release_links(record)

    def finalize(self, node: Node) -> None:
        """See `objects.Witness`."""
        if self._is_open:
            record = self._heap.living[id(node)]
            self._log.note_finalizer(record)
            self._actor.run(record.finalizer or [], f"finalizer {record.name}", node)

    def call_back(self, weak: Weak) -> None:
        """See `objects.Witness`."""
        if self._is_open:
            self._log.note_callback(weak.name, weak() is None)
            self._actor.run(weak.actions or [], f"callback {weak.name}")

    def _note_unraisable(self, unraisable: Any) -> None:
        """CPython reports an exception that it cannot propagate."""
        if unraisable.exc_type is Boom:
            self._log.note("unraisable", Boom.__name__)
        else:
            # A defect of this script or an interrupt from the keyboard, nothing of the program's.
            self._failure = unraisable.exc_value

    def _settle(self) -> None:
        """Collects until nothing more dies or is called."""
        happenings = None
        while self._log.happenings != happenings:
            happenings = self._log.happenings
            self._collector.collect(2)

    def _floating(self) -> dict[str, Any]:
        """What an answer says of the objects that are alive and unreachable."""
        living = self._heap.living
        floating = [living[address] for address in living.keys() - self._heap.reach().keys()]
        names = sorted(record.name for record in floating if record.is_listed)
        fields = {"floating": names, "floating_uncounted_names": len(floating) - len(names)}
        return {key: value for key, value in fields.items() if value}
