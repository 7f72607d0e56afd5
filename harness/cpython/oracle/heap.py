"""A heap program's heap: its roots, its weak references, and what is known of its objects.

The heap knows the objects that are alive by their addresses and holds none of them: references are
only in `roots`, in slots and tuples, and in the lists of what leaves link to. Methods that return
objects return references, which their callers must have forgotten when something is to die.
"""

import gc
from collections.abc import Iterable
from typing import Any

from objects import (
    SLOT_NAMES,
    SLOTS,
    Actions,
    FinalizableNode,
    Leaf,
    Node,
    Tuple,
    Weak,
    new_leaf,
    new_token,
)

_NESTING_MAX = 50
"""How deep deaths of leaves nest: as deep as those of nodes and tuples, which CPython bounds."""


class Refusal(Exception):
    """An operation that cannot be done, and that changes nothing."""


class Record:
    """What is known of an object that is alive."""

    __slots__ = ("name", "is_listed", "finalizer", "address")

    def __init__(self, name: str, is_listed: bool, finalizer: Actions | None, address: int) -> None:
        self.name = name
        self.is_listed = is_listed
        """Whether answers name it. Members of chains are only counted."""
        self.finalizer = finalizer
        self.address = address


class Heap:
    """An empty heap, at first.

    If it defeats counting, nodes with a name refer to themselves, and die only in collections.
    """

    def __init__(self, defeats_counting: bool = False) -> None:
        self._defeats_counting = defeats_counting
        self.roots: dict[str, Any] = {}
        """By name, what holds objects. A root may also hold nothing."""
        self.weaks: dict[str, Weak] = {}
        self.living: dict[int, Record] = {}
        """By address, the objects that are alive."""
        self._tokens: dict[int, Record] = {}
        """The same by the addresses of their tokens."""
        self._newest: dict[str, Record] = {}
        """For each name the newest object that was given it, alive or dead."""
        self._links: dict[int, list[Any]] = {}
        """By address, what leaves link to."""
        self._replaced: Any = None
        self._nesting = 0
        self._put_off: list[list[Any]] = []

    def make_rooted(self, what: dict[str, Any]) -> None:
        """Makes an object and roots it, as the operation and the action `new` say."""
        name: str = what["id"]
        made: Any
        match what.get("kind", "node"):
            case "leaf":
                made = new_leaf()
                self._enter(made, made, name)
            case "tuple":
                elements = [self.find(element) for element in what["of"]]
                token = new_token()
                made = Tuple(token, elements)
                self._enter(made, token, name)
            case _:
                made = self.make_node(name, what.get("fin"))
                if self._defeats_counting:
                    self.store(made, SLOTS - 1, made)
        self.bind(what.get("name", name), made)

    def make_node(
        self, name: str, finalizer: Actions | None = None, is_listed: bool = True
    ) -> Node:
        """A new node."""
        token = new_token()
        node = Node(token) if finalizer is None else FinalizableNode(token)
        self._enter(node, token, name, finalizer, is_listed)
        return node

    def _enter(
        self,
        made: Any,
        token: object,
        name: str,
        finalizer: Actions | None = None,
        is_listed: bool = True,
    ) -> None:
        record = Record(name, is_listed, finalizer, id(made))
        self.living[id(made)] = self._tokens[id(token)] = record
        if is_listed:
            self._newest[name] = record

    def make_weak(self, target: Any, name: str, actions: Actions | None) -> Weak:
        """A new weak reference, which its caller puts somewhere."""
        try:
            return Weak(target, name, actions)
        except TypeError:
            raise Refusal("not weakly referenceable") from None

    def is_alive(self, record: Record) -> bool:
        """Whether an object is alive. Its address may be another one's, if not."""
        return self.living.get(record.address) is record

    def bury(self, token: int) -> Record:
        """Forgets the object with this token, which is dead."""
        record = self._tokens.pop(token)
        del self.living[record.address]
        return record

    def release_links(self, leaf: Record) -> None:
        """Forgets what a dead leaf linked to, in the order of slots.

        Each link goes with all that dies of it before the next one, unless that nests too deep.
        """
        links = self._links.pop(leaf.address, None)
        if links is None:
            return
        if self._nesting == _NESTING_MAX:
            self._put_off.append(links)
            return
        self._nesting += 1
        _empty(links)
        while self._nesting == 1 and self._put_off:
            _empty(self._put_off.pop())
        self._nesting -= 1

    def bind(self, name: str, held: Any) -> None:
        """Has a root hold an object or nothing."""
        self._put_aside(self.roots.get(name))
        self.roots[name] = held

    def store(self, holder: Any, slot: int, value: Any) -> None:
        """Stores an object, a weak reference or nothing in a slot of a node or leaf."""
        if type(holder) is Leaf:
            links = self._links.setdefault(id(holder), [None] * SLOTS)
            self._put_aside(links[slot])
            links[slot] = value
        else:
            self._put_aside(getattr(holder, SLOT_NAMES[slot], None))
            setattr(holder, SLOT_NAMES[slot], value)

    def _put_aside(self, replaced: Any) -> None:
        if replaced is not None:
            self._replaced = replaced

    def release_replaced(self) -> None:
        """Forgets what an operation or an action has replaced, of which each replaces one at most.

        Called when it has returned. Only roots keep things alive: a finalizer that runs now must not
        find what the operation named held by the operation's variables.
        """
        self._replaced = None

    def fetch(self, node: Node, slot: int) -> Any:
        """The object in a node's slot, if there is one."""
        held = getattr(node, SLOT_NAMES[slot], None)
        return held if id(held) in self.living else None

    def find(self, name: str) -> Any:
        """The newest object with this name. One that cannot be reached is refused."""
        record = self._newest.get(name)
        if record is None or not self.is_alive(record):
            raise Refusal(f"unreachable: {name}")
        # Most objects are held by the root of their name.
        held = self.roots.get(name)
        if id(held) != record.address:
            held = self.reach().get(record.address)
        if held is None:
            raise Refusal(f"unreachable: {name}")
        return held

    def find_mutable(self, name: str) -> Any:
        """The newest object with this name, if it has slots to store in."""
        return _mutable(self.find(name), name)

    def mutable_root(self, name: str) -> Any:
        """What a root holds, if that has slots to store in."""
        held = self.roots.get(name)
        if held is None:
            raise Refusal(f"no root {name}")
        return _mutable(held, name)

    def drop(self, name: str) -> None:
        """Forgets a root."""
        if name not in self.roots:
            raise Refusal(f"no root {name}")
        del self.roots[name]

    def deref(self, w: str) -> Any:
        """The object of a weak reference; `None` if there is none, or no such weak reference."""
        weak = self.weaks.get(w)
        return None if weak is None else weak()

    def reach(self) -> dict[int, Any]:
        """What can be reached from the roots, by address. References of leaves count, too.

        Level by level, so that most of the work is done by `gc.get_referents`.
        """
        living, links = self.living, self._links
        reached: dict[int, Any] = {}
        level = {id(held): held for held in self.roots.values()}
        while level:
            reached.update(level)
            referents = gc.get_referents(*level.values())
            if links:
                for leaf in level.keys() & links.keys():
                    referents += links[leaf]
            # Only objects of the program: no tokens, no classes, no weak references, and no nodes
            # that were torn down and live nevertheless, as happens up to CPython 3.13 to those
            # that a finalizer makes a weak reference to.
            level = {
                address: held
                for held in referents
                if (address := id(held)) in living and address not in reached
            }
        return reached

    def name_of(self, held: Any) -> str | None:
        """What answers call an object; `None` if they cannot name it."""
        record = self.living.get(id(held))
        return record.name if record is not None and record.is_listed else None

    def names_of(self, held: Iterable[Any]) -> list[str]:
        """What answers call these objects, sorted, without those that they cannot name."""
        return sorted(name for each in held if (name := self.name_of(each)) is not None)

    def take_cleared(self) -> list[str]:
        """The weak references that were cleared since the last call, oldest first."""
        cleared = [name for name, weak in self.weaks.items() if weak() is None]
        for name in cleared:
            del self.weaks[name]
        return cleared

    def forget_roots(self) -> None:
        """Forgets all references from outside of the collector's sight, and to weak references."""
        self.roots.clear()
        self.weaks.clear()
        while self._links:
            self._links.popitem()


def _mutable(holder: Any, name: str) -> Any:
    if type(holder) is Tuple:
        raise Refusal(f"immutable: {name}")
    return holder


def _empty(links: list[Any]) -> None:
    for slot in range(len(links)):
        links[slot] = None
