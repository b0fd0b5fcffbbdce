"""Text as the words that it is found by: one rule for both databases, so that they find the same.

A word is a run of letters, digits and their marks, without case and accents. Where a script does not part its words
(Han, kana, Thai, …), each pair of neighbours is one, and so is the last sign of a run: whatever part of the run is
looked for is found as a phrase. Each pictograph is a word. Everything else parts words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

MAX_WORD = 64
"""Characters of a word that count."""

MAX_WORDS = 10_000
"""Words of a message that count. PostgreSQL can tell the places of 16,383."""

MAX_CHARS = 100_000
"""Characters of a message that count."""

_SHORT = 2_000
_SHORT_WORD = 3
_FIRST_UNPARTED = "\u0e00"  # Thai; scripts that part their words stand before it, but for Korean
# A tsvector holds a megabyte; a sign may unfold into eighteen.
_MAX_BYTES = 500_000
_RUNS = (
    "\u0e00-\u0edf\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_PICTOGRAPHS = "\u2190-\u2bff\u3200-\u33ff\U0001f000-\U0001f3fa\U0001f400-\U0001faff"
_TOKEN = re.compile(
    f"(?P<run>[{_RUNS}]+)|(?P<word>[^\\W_{_RUNS}](?:[^\\W_{_RUNS}]|[{_MARKS}])*)|(?P<sign>[{_PICTOGRAPHS}])"
)
_ASCII = re.compile("[0-9A-Za-z]+")
_NO_WORD = re.compile("[\x00-\x2f\x3a-\x60\x7b-\x7f\\s]+")
# Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic. The marks of other scripts are as good as letters.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+")


Word = tuple[str, int, int]
"""A word, and where it stands in the text: start and end."""


def words(text: str) -> list[Word]:
    """The words of a text that is in Unicode's composed form (NFC), in order."""
    if text.isascii():
        return [(match[0].lower()[:MAX_WORD], *match.span()) for match in _ASCII.finditer(text)]
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match.lastgroup == "run":
            found += [(fold(text[place : place + 2]), place, place + 2) for place in range(start, end - 1)]
            start = end - 1
        if folded := fold(text[start:end])[:MAX_WORD]:
            found.append((folded, start, end))
    return found


def is_run(text: str) -> bool:
    """Whether a text is of a script that does not part its words."""
    match = _TOKEN.match(text)
    return match is not None and match.lastgroup == "run"


def composed(text: str) -> str:
    """Text in the form that ``words`` takes."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def word_list(text: str) -> list[str]:
    """The words of any text, as far as they count."""
    if text.isascii():
        return [word[:MAX_WORD] for word in _ASCII.findall(text[:MAX_CHARS].lower())[:MAX_WORDS]]
    found = [word for word, _, _ in words(composed(text[:MAX_CHARS]))[:MAX_WORDS]]
    return found if len(text) < _SHORT else list(_within(found))


def _within(found: list[str]) -> Iterator[str]:
    size = 0
    for word in found:
        size += len(word.encode())
        if size > _MAX_BYTES:
            return
        yield word


def pair_marks(said: Sequence[str]) -> list[str]:
    """The marks of words side by side that are both short, as the most frequent ones are.

    Nothing that anybody says or is filtered by begins like this.
    """
    return [
        f"__{first}_{second}"
        for first, second in pairwise(said)
        if len(first) <= _SHORT_WORD
        and len(second) <= _SHORT_WORD
        and first < _FIRST_UNPARTED
        and second < _FIRST_UNPARTED
    ]


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """A word without case and accents, in compatible signs (full-width letters, ligatures and the like made plain)."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word).casefold()
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", parts)))
    return _NO_WORD.sub("", folded)
