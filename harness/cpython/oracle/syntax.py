"""What operations and actions look like.

Checking is strict, as a replay's is: a misspelt optional field would otherwise change what a
program means without a word. Types are compared, not asked for with `isinstance`, to which `True`
is a number.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from objects import SLOTS

_LENGTH_MAX = 100_000_000
_THRESHOLD_MAX = 2**31 - 1
"""The largest `int` of C."""


class Mismatch(Exception):
    """What should be there, and what is there."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")

    @classmethod
    def of(cls, expected: str, found: Any) -> "Mismatch":
        """A value is not what it should be."""
        return cls(expected, shorten(json.dumps(found)))


def shorten(text: str) -> str:
    """A text as it is shown in a message."""
    return text if len(text) <= 60 else f"{text[:60]}..."


def check_op(op: Any) -> None:
    """Raises a mismatch if this is not an operation."""
    _check_worded(op, "op", "an operation", _OPERATIONS)


class _Field(NamedTuple):
    """What a field's value must be. `accepts` may also raise a mismatch that says more."""

    expected: str
    accepts: Callable[[Any], bool]
    is_optional: bool = False

    def check(self, key: str, value: Any) -> None:
        if not self.accepts(value):
            raise Mismatch.of(f"{self.expected} in `{key}`", value)


_Shape = dict[str, _Field]
"""The fields of an object."""


def _check_shape(value: dict[str, Any], what: str, shape: _Shape) -> None:
    for key, field in shape.items():
        if key in value:
            field.check(key, value[key])
        elif not field.is_optional:
            raise Mismatch(f"{field.expected} in `{key}`", "nothing")
    for key in value:
        if key not in shape:
            known = ", ".join(f"`{key}`" for key in shape)
            raise Mismatch(f"only {known} in `{what}`", f"the field `{key}`")


def _check_worded(value: Any, key: str, what: str, shapes: dict[str, _Shape]) -> None:
    """Checks an operation or an action, whose field `key` says which one it is."""
    if type(value) is not dict:
        raise Mismatch.of(what, value)
    word = value.get(key)
    if type(word) is not str or word not in shapes:
        words = ", ".join(f"`{word}`" for word in shapes)
        expected = f"{what} ({words}) in `{key}`"
        raise Mismatch.of(expected, word) if key in value else Mismatch(expected, "nothing")
    shape = {key: _NAME, **shapes[word]}
    if word == "new":
        kind = value.get("kind", "node")
        _KIND.check("kind", kind)
        shape |= _KINDS[kind]
    _check_shape(value, word, shape)


def _optional(field: _Field) -> _Field:
    return field._replace(is_optional=True)


def _number(what: str, smallest: int, largest: int) -> _Field:
    return _Field(
        f"{what} from {smallest} to {largest}",
        lambda value: type(value) is int and smallest <= value <= largest,
    )


def _list(what: str, accepts: Callable[[Any], bool]) -> _Field:
    return _Field(
        f"a list of {what}", lambda value: type(value) is list and all(map(accepts, value))
    )


def _actions(shapes: dict[str, _Shape]) -> _Field:
    def accepts(action: Any) -> bool:
        _check_worded(action, "do", "an action", shapes)
        return True

    return _optional(_list("actions", accepts))


def _accepts_holder(value: Any) -> bool:
    if type(value) is not dict:
        return False
    _check_shape(value, "held_by", {"from": _NAME, "slot": _SLOT})
    return True


def _accepts_thresholds(value: Any) -> bool:
    return type(value) is list and len(value) == 3 and all(map(_THRESHOLD.accepts, value))


_NAME = _Field("a string", lambda value: type(value) is str)
_OPTIONAL_NAME = _optional(_NAME)
_SLOT = _number("a slot", 0, SLOTS - 1)
_GENERATION = _number("a generation", 0, 2)
_THRESHOLD = _number("a threshold", 0, _THRESHOLD_MAX)
_THRESHOLDS = _optional(_Field("a list of three thresholds", _accepts_thresholds))
_BOOL = _optional(_Field("true or false", lambda value: type(value) is bool))
_FLAGS = _optional(_Field('["saveall"] or []', lambda value: value in ([], ["saveall"])))
_HOLDER = _optional(_Field("an object with `from` and `slot`", _accepts_holder))

# Actions have actions in them: what a new object's finalizer does, or a callback. So these are
# filled below.
_ACTIONS: dict[str, _Shape] = {}
_ACTIONS_WITHOUT_SELF: dict[str, _Shape] = {}
_FINALIZER = _actions(_ACTIONS)
_CALLBACK = _actions(_ACTIONS_WITHOUT_SELF)

_KINDS: dict[str, _Shape] = {
    "node": {"fin": _FINALIZER},
    "leaf": {},
    "tuple": {"of": _list("strings", _NAME.accepts)},
}
"""What `new` says of objects of one kind only."""

_KIND = _optional(
    _Field("`node`, `leaf` or `tuple`", lambda value: type(value) is str and value in _KINDS)
)
_NEW = {"id": _NAME, "kind": _KIND, "name": _OPTIONAL_NAME}

_OPERATIONS: dict[str, _Shape] = {
    "new": _NEW,
    "link": {"from": _NAME, "slot": _SLOT, "to": _NAME},
    "unlink": {"from": _NAME, "slot": _SLOT},
    "root": {"name": _NAME, "to": _NAME},
    "drop": {"name": _NAME},
    "weakref": {"w": _NAME, "to": _NAME, "cb": _CALLBACK, "held_by": _HOLDER},
    "drop_weakref": {"w": _NAME},
    "deref": {"w": _NAME, "name": _OPTIONAL_NAME},
    "collect": {"gen": _GENERATION},
    "enable": {},
    "disable": {},
    "threshold": {"set": _THRESHOLDS},
    "counts": {},
    "stats": {},
    "freeze": {},
    "unfreeze": {},
    "debug": {"flags": _FLAGS},
    "garbage": {"clear": _BOOL},
    "gc_callbacks": {"on": _BOOL},
    "info": {"id": _NAME},
    "chain": {
        "id": _NAME,
        "n": _number("a number of objects", 1, _LENGTH_MAX),
        "close": _BOOL,
        "fin": _FINALIZER,
        "name": _OPTIONAL_NAME,
    },
    "churn": {"id": _NAME, "n": _number("a number of objects", 0, _LENGTH_MAX)},
    "reset": {},
}

_ACTIONS_WITHOUT_SELF |= {
    "see": {"w": _NAME, "name": _OPTIONAL_NAME},
    "drop": {"name": _NAME},
    "new": _NEW,
    "collect": {"gen": _GENERATION},
    "raise": {},
}
_ACTIONS |= _ACTIONS_WITHOUT_SELF | {
    "resurrect": {"name": _NAME},
    "root_slot": {"slot": _SLOT, "name": _NAME},
    "store_in": {"name": _NAME, "slot": _SLOT},
    "unlink": {"slot": _SLOT},
    "see_slot": {"slot": _SLOT},
    "weakref": {"w": _NAME, "slot": _optional(_SLOT), "cb": _CALLBACK},
}
