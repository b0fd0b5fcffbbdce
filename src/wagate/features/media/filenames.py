"""Names of files: kept for people to read, never used to find anything."""

from __future__ import annotations

import unicodedata

MAX_CHARS = 200

_FORBIDDEN = frozenset('<>:"|?*')


def clean(name: str | None) -> str | None:
    """A name that can be shown, and offered for saving anywhere; None when nothing of it is left.

    Left out are the folders, control and format characters (line breaks, NUL, marks that turn the direction of writing
    and so hide an ending), and what Windows forbids. A long name loses its middle, and keeps its ending.
    """
    if name is None:
        return None
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", last)
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _FORBIDDEN
    ).strip(" .")
    if len(kept) > MAX_CHARS:
        stem, dot, ending = kept.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 20 else ""
        kept = kept[: MAX_CHARS - len(ending)] + ending
    return kept or None
