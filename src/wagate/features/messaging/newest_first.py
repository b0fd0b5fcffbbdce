"""The newest messages that say something, without gathering all that do.

SQLite's index gives what is newest first, but for beginnings of words. PostgreSQL's gives everything that it is asked
for, in no order. So there one looks back in steps: first entry by entry, which finds what is frequent and says how
frequent the rest is; then in windows of time of the index, a few at a time, until there is a page; and what is so rare
that a page would take all of it is asked for at once. (docs/decisions/0052-search-in-steps.md)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isqrt

from wagate.features.messaging.query import Query
from wagate.features.messaging.repository import search
from wagate.features.messaging.repository.search import WINDOW_BITS, Hit, Reach
from wagate.store.scoped import Scoped
from wagate.store.script import Dialect, Script

_WALK: dict[Dialect, int] = {"sqlite": 500, "postgresql": 150}
"""Entries that are walked through, newest first, before an index is asked that does not know what is newest."""

_WALKS = 10
"""How many such walks are made on SQLite, if that many are likely to fill a page."""

_NEAR = 2
_NEAR_FOR_PREFIX = 6
"""On PostgreSQL, further entries are walked through if no more than so many first walks are likely to fill a page."""

_FIRST_STEPS = (1, 2, 4)
"""Windows in each of the first steps, where nothing is known yet."""

_LARGEST_STEP = 16
"""Windows of a step: what PostgreSQL does before it begins grows with their square."""

_STEPS = 32
"""Steps of one statement."""

_PER_STEP = 8
"""Entries that a step is made to hold."""

_DENSE = 8
"""Windows that hold an entry, at most, where steps are worth it."""

_TOLD = 64
"""What is found in a part says how frequent it is in everything, if that is no more than so many times as much."""

_FEW = 150
"""Entries that are always gathered at once. To find phrases the database reads many that it does not keep."""

_CAUTION = 8
"""How many times as far as one has looked one looks next, when nothing was found yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look, as entries are marked, and by which of their columns they are walked through."""

    marks: tuple[str, ...]
    narrowest: tuple[str, str]
    reach: Reach


@dataclass(frozen=True, slots=True)
class Looked:
    """How much was ``found`` from position ``high`` back to ``reach``, which is yet to be looked through.

    ``head`` is the highest position of all entries: how much the whole index holds.
    """

    found: int
    high: int
    head: int
    reach: Reach


def newest(
    dialect: Dialect, scope: Scoped, query: Query, place: Place, limit: int, walk: int | None = None
) -> Script[list[Hit]]:
    """The newest entries of a place that a query finds, newest first, ``limit`` at most.

    ``walk`` is how many entries are looked at one by one first.
    """
    walk = walk or _WALK[dialect]
    if dialect == "sqlite":
        return _newest_sqlite(scope, query, place, limit, walk)
    return _newest_postgresql(scope, query, place, limit, walk)


def _newest_sqlite(scope: Scoped, query: Query, place: Place, limit: int, walk: int) -> Script[list[Hit]]:
    reach, hits, walked = place.reach, list[Hit](), 0
    holds = query.in_line(place.marks)
    while query.has_prefix and walked * limit <= _WALKS * walk * len(hits):
        lines = yield from search.walk_sqlite(scope, place.narrowest, reach, walk)
        hits += [hit for hit, line in lines if holds(line)]
        if len(hits) >= limit or len(lines) < walk:
            return hits[:limit]
        walked += walk
        reach = Reach(lines[-1][0].position, reach.since)
    asked = query.for_sqlite(place.marks)
    return hits + (yield from search.found("sqlite", scope, asked, reach, limit - len(hits)))


def _newest_postgresql(scope: Scoped, query: Query, place: Place, limit: int, walk: int) -> Script[list[Hit]]:
    """With the marks of pairs where entries have them, then without."""
    hits, before = list[Hit](), place.reach.before
    if pairs := query.pairs:
        low = max(place.reach.since, 1 + (yield from search.paired_after()))
        if low < before:
            marked = Place((*place.marks, *pairs), place.narrowest, Reach(before, low))
            hits = yield from _look_back(scope, query, marked, limit, walk)
            before = low
    if len(hits) < limit and before > place.reach.since:
        rest = Place(place.marks, place.narrowest, Reach(before, place.reach.since))
        hits += yield from _look_back(scope, query, rest, limit - len(hits), walk)
    return hits


def _look_back(scope: Scoped, query: Query, place: Place, limit: int, walk: int) -> Script[list[Hit]]:
    """From entry to entry first, then in the index."""
    asked = query.for_postgresql(place.marks)
    hits, walked, rows = list[Hit](), 0, walk
    looked = Looked(0, 0, 0, place.reach)
    while rows <= walk * (_NEAR_FOR_PREFIX if query.has_prefix else _NEAR):
        near = yield from search.walk_postgresql(scope, place.narrowest, asked, looked.reach, rows, limit - len(hits))
        hits += near.hits
        if len(hits) >= limit or near.walked < rows:
            return hits
        walked += rows
        looked = Looked(len(hits), looked.high or near.high, near.head, Reach(near.low, place.reach.since))
        rows = max(_ahead(walked, len(hits), limit), walk // 3, 1)
    return hits + (yield from _from_index(scope, query, place, limit, looked))


def _from_index(scope: Scoped, query: Query, place: Place, limit: int, looked: Looked) -> Script[list[Hit]]:
    """What there is where nobody has looked yet."""
    asked = query.for_postgresql(place.marks)
    few = 0 if query.has_phrase else _FEW
    more, reach = list[Hit](), looked.reach
    while len(more) < limit - looked.found and reach.before > reach.since:
        count = looked.found + len(more)
        seen = looked.high - reach.before + 1
        is_dense = count * _DENSE << WINDOW_BITS >= seen
        # Nothing to gain by steps: a page takes all there is, or there is so little that all of it costs less.
        if count * looked.head <= max(limit - count, few) * seen if is_dense else looked.head <= _TOLD * seen:
            return more + (yield from search.found("postgresql", scope, asked, reach, limit - count))
        if query.has_prefix:
            # All entries of all words that begin so are gathered in every step, wherever they are.
            sizes = [(3 * _ahead(seen, count, limit) >> WINDOW_BITS) + 1]
        elif is_dense:
            sizes = [_PER_STEP * seen // (count << WINDOW_BITS) + 1] * _STEPS
        else:
            sizes = [*_FIRST_STEPS, *[sum(_FIRST_STEPS)] * (seen // (sum(_FIRST_STEPS) << WINDOW_BITS))]
        steps = _steps(reach, sizes)
        found, low = yield from search.found_in_steps(scope, asked, reach, steps, limit - count, is_dense=is_dense)
        more += found
        reach = Reach(low, reach.since)
    return more


def _steps(reach: Reach, sizes: Iterable[int]) -> list[range]:
    """The newest windows of a reach, in groups of about these sizes, the newest group first."""
    steps, end, lowest = list[range](), ((reach.before - 1) >> WINDOW_BITS) + 1, reach.since >> WINDOW_BITS
    for size in sizes:
        start = max(end - min(max(size, 1), _LARGEST_STEP), lowest)
        if start < end:
            steps.append(range(start, end))
        end = start
    return steps


def _ahead(seen: int, found: int, limit: int) -> int:
    """How far to look next, after ``found`` in a stretch of ``seen``: a little further than a page probably reaches.

    The fewer there are, the less they tell: then it is rather too short.
    """
    if not found:
        return _CAUTION * seen
    return 5 * seen * (limit - found) // (4 * (found + isqrt(found)))
