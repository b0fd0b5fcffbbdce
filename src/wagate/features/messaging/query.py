"""What somebody looks for: read once, then asked of either database in its own language, and checked here.

    word      messages with this word          "a b"   these words in this order, side by side
    -word     not those with this one          wo*     words that begin so

All of it has to hold. Nothing that a caller wrote reaches a database but as folded words inside quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wagate.domain.errors import InvalidSearch
from wagate.features.messaging.words import Word, composed, is_run, pair_marks, words

MAX_CHARS = 4_000
MAX_TERMS = 250
"""What one search may be made of. SQLite's full-text index takes no more than 256 parts."""

_PART = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<bare>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """Words side by side; with ``is_prefix`` the last one is only the beginning of one."""

    words: tuple[str, ...]
    is_prefix: bool = False

    def found_in(self, said: Sequence[str]) -> list[int]:
        """Where it stands in a list of words: the places of its first word."""
        size, first, last = len(self.words), self.words[0], self.words[-1]
        if size == 1 and not self.is_prefix:
            return [place for place, word in enumerate(said) if word == first]
        head = list(self.words[:-1])
        return [
            place
            for place in range(len(said) - size + 1)
            if (said[place + size - 1].startswith(last) if self.is_prefix else said[place + size - 1] == last)
            and list(said[place : place + size - 1]) == head
        ]


@dataclass(frozen=True, slots=True)
class Query:
    """All of ``wanted`` and nothing of ``unwanted``."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()

    @classmethod
    def read(cls, text: str) -> Query:
        """Understand a search. Raises InvalidSearch when it is too long, or says nothing that could be found."""
        if len(text) > MAX_CHARS:
            raise InvalidSearch(f"A search has at most {MAX_CHARS:,} characters", pointer="q")
        wanted: list[Term] = []
        unwanted: list[Term] = []
        for part in _PART.finditer(composed(text)):
            bare = part["bare"]
            term = _term(part["phrase"] if bare is None else bare, may_be_prefix=bare is not None)
            if term is not None:
                (unwanted if part["minus"] else wanted).append(term)
        if not wanted:
            raise InvalidSearch("Say at least one word, number or emoji that is to be found", pointer="q")
        if len(wanted) + len(unwanted) > MAX_TERMS:
            raise InvalidSearch(f"A search has at most {MAX_TERMS} words and phrases", pointer="q")
        return cls(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))

    @property
    def has_prefix(self) -> bool:
        """Whether beginnings of words are wanted: the only thing that SQLite cannot find newest first,
        and what PostgreSQL gathers wholly, wherever it is looked for."""
        return any(term.is_prefix for term in self.wanted)

    @property
    def has_phrase(self) -> bool:
        """Whether it matters where words stand: that is told by entries alone, not by PostgreSQL's index."""
        return any(len(term.words) > 1 for term in (*self.wanted, *self.unwanted))

    @property
    def pairs(self) -> tuple[str, ...]:
        """The marks of all pairs of short words that have to stand side by side."""
        whole = [term.words[:-1] if term.is_prefix else term.words for term in self.wanted]
        return tuple(mark for said in whole for mark in pair_marks(said))

    def matches(self, said: Sequence[str]) -> bool:
        """Whether a text of these words is what is looked for."""
        return all(term.found_in(said) for term in self.wanted) and not any(
            term.found_in(said) for term in self.unwanted
        )

    def in_line(self, marks: Sequence[str]) -> Callable[[str], bool]:
        """A test of a row's words as SQLite keeps them: marks and words in one line, parted by spaces."""
        needed = [f" {mark} " for mark in marks] + [_in_line(term) for term in self.wanted]
        barred = [_in_line(term) for term in self.unwanted]

        def holds(line: str) -> bool:
            padded = f" {line} "
            return all(part in padded for part in needed) and not any(part in padded for part in barred)

        return holds

    def for_sqlite(self, marks: Sequence[str]) -> str:
        """As FTS5 takes it, only among entries with all these marks."""
        parts = [*(f'"{mark}"' for mark in marks), *map(_for_sqlite, self.wanted)]
        without = "".join(f" NOT {_for_sqlite(term)}" for term in self.unwanted)
        return f"({' AND '.join(parts)}){without}"

    def for_postgresql(self, marks: Sequence[str]) -> str:
        """As a ``tsquery``, only among entries with all these marks."""
        parts = [*(f"'{mark}'" for mark in marks), *map(_for_postgresql, self.wanted)]
        return " & ".join([*parts, *(f"!{_for_postgresql(term)}" for term in self.unwanted)])


def highlights(found: Sequence[Word], query: Query) -> list[tuple[int, int]]:
    """Where words show what was looked for: pairs of start and end in their text, in order, none overlapping."""
    said = [word for word, _, _ in found]
    spans: list[tuple[int, int]] = []
    for term in query.wanted:
        spans += [(found[at][1], found[at + len(term.words) - 1][2]) for at in term.found_in(said)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _term(text: str, *, may_be_prefix: bool) -> Term | None:
    found = words(composed(text))
    if not found:
        return None
    said = [word for word, _, _ in found]
    _, start, end = found[-1]
    if not is_run(text[start:end]):
        return Term(tuple(said), may_be_prefix and text.endswith("*"))
    # The last sign of a run is a word for those who look for it alone: what was said may have gone on.
    is_alone = len(found) == 1 or found[-2][2] <= start
    return Term(tuple(said), True) if is_alone else Term(tuple(said[:-1]))


def _in_line(term: Term) -> str:
    return f" {' '.join(term.words)}{'' if term.is_prefix else ' '}"


def _for_sqlite(term: Term) -> str:
    return '"' + " ".join(term.words) + '"' + (" *" if term.is_prefix else "")


def _for_postgresql(term: Term) -> str:
    quoted = [f"'{word}'" for word in term.words]
    if term.is_prefix:
        quoted[-1] += ":*"
    return "(" + " <-> ".join(quoted) + ")"
