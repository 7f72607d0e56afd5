"""What finalizers and the callbacks of weak references do."""

from typing import Any

from collector import Collector
from heap import Heap, Refusal
from log import Log
from objects import Actions, Node


class Boom(Exception):
    """What the action `raise` raises."""


class Actor:
    """Runs actions on a heap, and notes what they see."""

    def __init__(self, collector: Collector, heap: Heap, log: Log) -> None:
        self._collector = collector
        self._heap = heap
        self._log = log

    def run(self, actions: Actions, who: str, subject: Node | None = None) -> None:
        """Runs actions one after the other; `subject` is the object that is finalized, if any.

        An action that is refused does nothing.
        """
        for action in actions:
            try:
                self._act(action, who, subject)
            except Refusal:
                pass
            self._heap.release_replaced()

    def _act(self, action: dict[str, Any], who: str, subject: Any) -> None:
        heap = self._heap
        match action["do"]:
            case "resurrect":
                heap.bind(action["name"], subject)
            case "root_slot":
                # If the slot is empty, the root is there and holds nothing.
                heap.bind(action["name"], heap.fetch(subject, action["slot"]))
            case "store_in":
                heap.store(heap.mutable_root(action["name"]), action["slot"], subject)
            case "unlink":
                heap.store(subject, action["slot"], None)
            case "drop":
                heap.drop(action["name"])
            case "see":
                self._see(action, who)
            case "see_slot":
                held = heap.fetch(subject, action["slot"])
                self._log.note("saw_slot", who, action["slot"], heap.name_of(held))
            case "weakref":
                held = heap.fetch(subject, action["slot"]) if "slot" in action else subject
                heap.weaks[action["w"]] = heap.make_weak(held, action["w"], action.get("cb"))
            case "new":
                heap.make_rooted(action)
            case "collect":
                self._log.note("nested_collect", who, self._collector.collect(action["gen"]))
            case "raise":
                raise Boom

    def _see(self, action: dict[str, Any], who: str) -> None:
        target = self._heap.deref(action["w"])
        self._log.note("saw", who, action["w"], target is not None)
        if target is not None and "name" in action:
            self._heap.bind(action["name"], target)
