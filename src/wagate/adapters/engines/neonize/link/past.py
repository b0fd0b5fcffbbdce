"""What a worker says of histories: they lie in files, which gateway and worker share."""

from __future__ import annotations

from dataclasses import dataclass

HISTORIES = "histories"
"""The folder, in that of the session, with the histories that the worker has kept for the gateway."""

UNSAID = -1
"""Stands for a number that nobody said."""


@dataclass(frozen=True, slots=True)
class HistoryCame:
    """A history is in the file ``name`` of `HISTORIES`, deflated; with ``error`` (and no name) it could not be kept.

    ``kind`` is the number of `HistorySync.sync_type`, ``progress`` in percent; both may be `UNSAID`.
    """

    name: str
    kind: int
    chunk: int
    progress: int
    error: str = ""
