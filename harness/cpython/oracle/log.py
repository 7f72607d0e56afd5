"""What happens during one operation, in order."""

from typing import Any

from heap import Record


class Log:
    """The events of an operation, and how many more there were that answers only count."""

    def __init__(self) -> None:
        self._events: list[tuple[Any, ...]] = []
        self._died_unlisted = 0
        self._finalized_unlisted = 0
        self.happenings = 0
        """How many objects have died or were finalized, and how many callbacks ran, ever."""

    def note(self, *event: Any) -> None:
        """Something happened."""
        self._events.append(event)

    def note_death(self, record: Record) -> None:
        """An object died."""
        self.happenings += 1
        if record.is_listed:
            self.note("died", record.name)
        else:
            self._died_unlisted += 1

    def note_finalizer(self, record: Record) -> None:
        """An object's finalizer runs."""
        self.happenings += 1
        if record.is_listed:
            self.note("finalized", record.name)
        else:
            self._finalized_unlisted += 1

    def note_callback(self, name: str, was_cleared: bool) -> None:
        """A weak reference's callback runs."""
        self.happenings += 1
        self.note("callback", name, was_cleared)

    def note_collection(self, phase: str, info: dict[str, int]) -> None:
        """A collection starts or stops: for `gc.callbacks`."""
        self.note("gc", phase, info["generation"], info["collected"], info["uncollectable"])

    def take(self, cleared: list[str]) -> dict[str, Any]:
        """What an answer says of all this, without what is empty or zero. Forgets it.

        `cleared` are the weak references that were found cleared at the end of the operation.
        """
        fields = {
            "died": sorted(self._noted("died")),
            "died_uncounted_names": self._died_unlisted,
            "finalized": self._noted("finalized"),
            "finalized_uncounted_names": self._finalized_unlisted,
            "cleared": sorted(cleared),
            "callbacks": self._noted("callback"),
            "events": self._events + [("cleared", w) for w in cleared],
        }
        self._events = []
        self._died_unlisted = self._finalized_unlisted = 0
        return {key: value for key, value in fields.items() if value}

    def _noted(self, word: str) -> list[str]:
        return [event[1] for event in self._events if event[0] == word]
