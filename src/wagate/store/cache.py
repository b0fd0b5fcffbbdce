"""Plain records in memory: one budget for all sessions, the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict

from wagate.ports.vault import RecordKey

_PER_RECORD = 250
"""Rough cost of a record besides its bytes: key, strings, dictionary slot."""

Shelf = dict[RecordKey, bytes | None]
"""One session's records, oldest first; None stands for a record that is known not to exist."""


class RecordCache:
    """The shelves of all sessions under one budget."""

    def __init__(self, budget: int) -> None:
        """Keep about ``budget`` bytes."""
        self._budget = budget
        self._shelves: OrderedDict[int, Shelf] = OrderedDict()
        self.size = 0
        """Bytes in use."""

    def add(self, shelf: Shelf, key: RecordKey, value: bytes | None) -> None:
        """Put a record on a shelf as its newest. Nothing is thrown away before ``trim``."""
        if key in shelf:
            self.size -= _cost(shelf.pop(key))
        shelf[key] = value
        self.size += _cost(value)
        self.touch(shelf)

    def touch(self, shelf: Shelf) -> None:
        """This shelf was used just now."""
        self._shelves[id(shelf)] = shelf
        self._shelves.move_to_end(id(shelf))

    def discard(self, shelf: Shelf, key: RecordKey) -> None:
        """Take a record off a shelf, if it is there."""
        if key in shelf:
            self.size -= _cost(shelf.pop(key))

    def clear(self, shelf: Shelf) -> None:
        """Empty a shelf."""
        self.size -= sum(map(_cost, shelf.values()))
        shelf.clear()
        self._shelves.pop(id(shelf), None)

    def trim(self) -> None:
        """Throw away what was not used for longest until the budget is kept."""
        while self.size > self._budget and self._shelves:
            shelf = next(iter(self._shelves.values()))
            if shelf:
                self.size -= _cost(shelf.pop(next(iter(shelf))))
            else:
                self._shelves.popitem(last=False)


def _cost(value: bytes | None) -> int:
    return _PER_RECORD + (len(value) if value is not None else 0)
