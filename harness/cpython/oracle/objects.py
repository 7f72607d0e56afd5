"""What the objects of a heap program are in CPython, and how their deaths are learnt of.

A death must be learnt of without a hand in it. A weak reference with a callback would be one more
in the list that CPython clears and calls through in order. A `__del__` would make every object one
with a finalizer. So every object holds a token, which nothing else refers to and which is released
before everything else that the object refers to: it dies when CPython tears the object down, after
finalizer and weak references, and ahead of the object's children.

A token is a capsule, an object around a pointer, and what reports is its destructor. Since 3.9 an
instance of any class that is written in Python is tracked, and would be counted with the garbage;
it would also be put off by the trashcan, which bounds how deep CPython nests deaths, so that
children could be seen to die before their parents. A capsule is atomic and dies on the spot.

None of this has room for a reference to whom to report to, and the collector would see such a
reference. So that is the module's: see `report_to`.
"""

import ctypes
import weakref
from collections.abc import Sequence
from typing import Any, Protocol

SLOTS = 16
SLOT_NAMES = tuple(f"slot{number:02}" for number in range(SLOTS))

Actions = list[dict[str, Any]]
"""What a finalizer or a callback does."""


class Witness(Protocol):
    """Whom objects report to."""

    def note_death(self, token: int) -> None:
        """The object whose token had this address dies, and then releases what it refers to."""

    def finalize(self, node: "Node") -> None:
        """CPython calls a node's finalizer."""

    def call_back(self, weak: "Weak") -> None:
        """CPython calls a weak reference's callback."""


_witness: Witness


def report_to(witness: Witness) -> None:
    """Chooses whom all objects report to from now on."""
    global _witness
    _witness = witness


def _note_death(token: int) -> None:
    _witness.note_death(token)


# The argument is an address, not an object: nothing refers to the capsule any more, and to take a
# reference and release it again would destroy it a second time.
_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_destructor = _Destructor(_note_death)

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, _Destructor)
_new_capsule.restype = ctypes.py_object

_POINTER = 1
"""Where a token points to. Any address will do but null; nobody goes there."""


def new_token() -> object:
    """A token, to be put in an object that nobody else refers to yet."""
    return _new_capsule(_POINTER, None, _destructor)


Leaf: type = type(_new_capsule(_POINTER, None, _Destructor()))
"""Leaves are atomic, untracked and take no weak references: they are tokens and nothing else.

What a leaf links to is held by a list of the witness. The collector, which does not know why that
list lives, takes it for a root.
"""

new_leaf = new_token


class Node:
    """A tracked object with slots, and one more for its token."""

    # CPython sorts slots by name and releases them in that order.
    assert "_token" < SLOT_NAMES[0]
    __slots__ = ("_token", *SLOT_NAMES, "__weakref__")

    def __init__(self, token: object) -> None:
        self._token = token


class FinalizableNode(Node):
    """A node with a finalizer. CPython looks for `__del__` on the class, so there are two."""

    __slots__ = ()

    def __del__(self) -> None:
        _witness.finalize(self)


class Tuple(tuple[Any, ...]):
    """An immutable object.

    A subclass, because the collector no longer tracks plain tuples once it has seen that all their
    items are atomic, which the format leaves out.
    """

    __slots__ = ()

    def __new__(cls, token: object, elements: Sequence[Any]) -> "Tuple":
        # Backwards, because CPython releases the last item first.
        return super().__new__(cls, (*reversed(elements), token))


class Weak(weakref.ref[Node]):
    """A weak reference with a name, and with actions if it has a callback.

    A subclass, because all plain weak references without a callback to the same object are one.
    """

    __slots__ = ("name", "actions")

    name: str
    actions: Actions | None

    def __new__(cls, target: Node, name: str, actions: Actions | None) -> "Weak":
        # One function for all: a bound method for each would be one more object that is garbage
        # when the weak reference is, and the collector would count it.
        self = super().__new__(cls, target, None if actions is None else _call_back)
        self.name = name
        self.actions = actions
        return self

    def __init__(self, target: Node, name: str, actions: Actions | None) -> None:
        """Takes the arguments of `__new__`, which the inherited one would refuse."""


def _call_back(weak: Weak) -> None:
    _witness.call_back(weak)
