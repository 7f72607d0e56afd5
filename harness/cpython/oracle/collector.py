"""CPython's collector, in the service of one heap program.

The script's own objects are kept out of its sight: what exists when a program begins is frozen, and
what an operation leaves behind is text. So collections look at little else than the program's
objects, and all that they return, count or free is the program's.
"""

import enum
import gc

_THRESHOLDS = (700, 10, 10)
"""What programs begin with. CPython's own choice is not the same in all versions."""


class Mode(enum.Enum):
    """How objects die."""

    RC = "rc"
    """By a count to zero only: `collect` does nothing, cycles leak."""
    RCCYCLE = "rccycle"
    """By a count to zero or in a collection. Each that the program asks for is a full one."""
    GEN = "gen"
    """By a count to zero or in a collection of the generation that the program asks for."""
    SETTLED = "settled"
    """In collections, as far as counting can be defeated: a full one follows every operation, and
    another one until nothing more dies or is called."""


class Collector:
    """The collector, as if it had just been started. There is one: so there can be one program."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self._is_enabled = False
        self._has_frozen = False
        gc.disable()
        gc.set_threshold(*_THRESHOLDS)
        # The garbage that imports have left must not turn up when the program unfreezes.
        gc.collect()
        # Sets the counts to zero, too.
        gc.freeze()
        self._stats_before = gc.get_stats()

    def close(self) -> None:
        """Forgets all settings, and frees all garbage, also what was kept or frozen."""
        gc.disable()
        gc.set_debug(0)
        gc.callbacks.clear()
        gc.garbage.clear()
        if self._has_frozen:
            gc.unfreeze()
        gc.collect()

    def resume(self) -> None:
        """Allows automatic collections as far as the program does."""
        if self._is_enabled and self.mode is not Mode.RC:
            gc.enable()

    def pause(self) -> None:
        """Allows no automatic collections."""
        gc.disable()

    def enable(self) -> bool:
        """Has the program allow automatic collections."""
        self._is_enabled = True
        if self.mode is not Mode.RC:
            gc.enable()
        return self._is_enabled

    def disable(self) -> bool:
        """Has the program forbid automatic collections."""
        gc.disable()
        self._is_enabled = gc.isenabled()
        return self._is_enabled

    def collect(self, generation: int) -> int:
        """Collects as the mode says, and returns what `gc.collect` has returned."""
        match self.mode:
            case Mode.RC:
                return 0
            case Mode.GEN:
                return gc.collect(generation)
            case _:
                return gc.collect()

    def freeze(self) -> None:
        """Lets no collection look at what exists."""
        self._has_frozen = True
        gc.freeze()

    def stats(self) -> list[dict[str, int]]:
        """The statistics of each generation since the program began."""
        return [
            {key: now[key] - before[key] for key in ("collections", "collected", "uncollectable")}
            for now, before in zip(gc.get_stats(), self._stats_before)
        ]
