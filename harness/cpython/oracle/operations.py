"""What each operation of a heap program does."""

import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any

from collector import Collector
from heap import Heap, Record
from log import Log
from objects import Node

Op = dict[str, Any]


class Operator:
    """Performs operations on a heap and on its collector."""

    def __init__(self, collector: Collector, heap: Heap, log: Log) -> None:
        self._collector = collector
        self._heap = heap
        self._log = log

    def perform(self, op: Op) -> Any:
        """Performs an operation and returns what it returns; `None` also if that is nothing.

        Only here collections may happen by themselves, lest something dies while an answer is made.
        """
        self._collector.resume()
        try:
            ret = _OPERATIONS[op["op"]](self, op)
            self._heap.release_replaced()
            return ret
        finally:
            self._collector.pause()

    def _new(self, op: Op) -> None:
        self._heap.make_rooted(op)

    def _link(self, op: Op) -> None:
        holder = self._heap.find_mutable(op["from"])
        self._heap.store(holder, op["slot"], self._heap.find(op["to"]))

    def _unlink(self, op: Op) -> None:
        self._heap.store(self._heap.find_mutable(op["from"]), op["slot"], None)

    def _root(self, op: Op) -> None:
        self._heap.bind(op["name"], self._heap.find(op["to"]))

    def _drop(self, op: Op) -> None:
        self._heap.drop(op["name"])

    def _weakref(self, op: Op) -> None:
        heap = self._heap
        weak = heap.make_weak(heap.find(op["to"]), op["w"], op.get("cb"))
        if "held_by" in op:
            holder = op["held_by"]
            heap.store(heap.find_mutable(holder["from"]), holder["slot"], weak)
        else:
            heap.weaks[op["w"]] = weak

    def _drop_weakref(self, op: Op) -> None:
        self._heap.weaks.pop(op["w"], None)

    def _deref(self, op: Op) -> str | None:
        target = self._heap.deref(op["w"])
        if target is not None and "name" in op:
            self._heap.bind(op["name"], target)
        return self._heap.name_of(target)

    def _collect(self, op: Op) -> int:
        return self._collector.collect(op["gen"])

    def _enable(self, op: Op) -> bool:
        return self._collector.enable()

    def _disable(self, op: Op) -> bool:
        return self._collector.disable()

    def _threshold(self, op: Op) -> list[int]:
        if "set" in op:
            gc.set_threshold(*op["set"])
        return list(gc.get_threshold())

    def _counts(self, op: Op) -> dict[str, int]:
        _, gen1, gen2 = gc.get_count()
        return {"gen1": gen1, "gen2": gen2}

    def _stats(self, op: Op) -> list[dict[str, int]]:
        return self._collector.stats()

    def _freeze(self, op: Op) -> None:
        self._collector.freeze()

    def _unfreeze(self, op: Op) -> None:
        gc.unfreeze()

    def _debug(self, op: Op) -> None:
        gc.set_debug(gc.DEBUG_SAVEALL if op.get("flags") else 0)

    def _garbage(self, op: Op) -> list[str]:
        kept = self._heap.names_of(gc.garbage)
        if op.get("clear"):
            gc.garbage.clear()
        return kept

    def _gc_callbacks(self, op: Op) -> None:
        gc.callbacks[:] = [self._log.note_collection] if op.get("on", True) else []

    def _info(self, op: Op) -> dict[str, Any]:
        held = self._heap.find(op["id"])
        others = [each for each in gc.get_referents(held) if each is not held]
        kept = sum(each is held for each in gc.garbage)
        return {
            "strong": sys.getrefcount(held) - _REFERENCES_OF_ASKING - kept,
            "weak": weakref.getweakrefcount(held),
            "tracked": gc.is_tracked(held),
            "finalized": gc.is_finalized(held),
            "generation": _generation(held),
            "referrers": self._heap.names_of(gc.get_referrers(held)),
            "referents": sorted({*self._heap.names_of(others)}),
        }

    def _chain(self, op: Op) -> None:
        """Makes the members from the head on."""
        heap = self._heap
        head = last = self._make_member(op, 0)
        for number in range(1, op["n"]):
            member = self._make_member(op, number)
            heap.store(last, 0, member)
            last = member
        if op.get("close"):
            heap.store(last, 0, head)
        heap.bind(op["name"] if "name" in op else op["id"], head)

    def _churn(self, op: Op) -> dict[str, Any]:
        made = [self._make_garbage(op, number) for number in range(op["n"])]
        alive = sum(self._heap.is_alive(record) for record in made)
        return {"alive": alive, "any_collected": alive < len(made)}

    def _reset(self, op: Op) -> None:
        """Nothing is left to do: heap and collector are new."""

    def _make_member(self, op: Op, number: int) -> Node:
        return self._heap.make_node(f"{op['id']}{number}", op.get("fin"), is_listed=False)

    def _make_garbage(self, op: Op, number: int) -> Record:
        """Makes a node that refers to itself and that nothing else refers to."""
        node = self._make_member(op, number)
        self._heap.store(node, 0, node)
        return self._heap.living[id(node)]


_OPERATIONS: dict[str, Callable[[Operator, Op], Any]] = {
    "new": Operator._new,
    "link": Operator._link,
    "unlink": Operator._unlink,
    "root": Operator._root,
    "drop": Operator._drop,
    "weakref": Operator._weakref,
    "drop_weakref": Operator._drop_weakref,
    "deref": Operator._deref,
    "collect": Operator._collect,
    "enable": Operator._enable,
    "disable": Operator._disable,
    "threshold": Operator._threshold,
    "counts": Operator._counts,
    "stats": Operator._stats,
    "freeze": Operator._freeze,
    "unfreeze": Operator._unfreeze,
    "debug": Operator._debug,
    "garbage": Operator._garbage,
    "gc_callbacks": Operator._gc_callbacks,
    "info": Operator._info,
    "chain": Operator._chain,
    "churn": Operator._churn,
    "reset": Operator._reset,
}


def _generation(held: Any) -> int | None:
    """The generation an object is in; `None` if it is untracked or frozen."""
    for generation in range(3):
        if any(each is held for each in gc.get_objects(generation)):
            return generation
    return None


def _count_references_of_asking() -> int:
    """How many of the references that `sys.getrefcount` counts are there only to ask for them.

    Those are the variable and, up to CPython 3.13, the argument.
    """
    asked = object()
    return sys.getrefcount(asked)


_REFERENCES_OF_ASKING = _count_references_of_asking()
