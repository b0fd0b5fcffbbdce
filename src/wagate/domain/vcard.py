"""Contact cards: written from what is known of somebody, and read without believing what they say (RFC 2426).

Only names, phones, e-mail addresses and organisations are read. A card is at most ``MAX_BYTES`` long; anything that is
odd in it is skipped, and nothing in it is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_BYTES = 65_536
_MAX_VALUES = 50
_ESCAPED = re.compile(r"\\([\\;,nN])")
_SPECIAL = re.compile(r"[\\;,\n]")


@dataclass(frozen=True, slots=True)
class Person:
    """What a card says about somebody."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    organisation: str | None = None


def written(person: Person) -> str:
    """The card of somebody. A phone in E.164 is marked with the ``waid`` by which WhatsApp offers to write to it."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{_escaped(person.name)};;;", f"FN:{_escaped(person.name)}"]
    if person.organisation:
        lines.append(f"ORG:{_escaped(person.organisation)}")
    lines += [f"TEL;type=CELL;waid={_digits(phone)}:{_escaped(phone)}" for phone in person.phones]
    lines += [f"EMAIL;type=INTERNET:{_escaped(email)}" for email in person.emails]
    return "\n".join([*lines, "END:VCARD"])


def read(card: str) -> Person | None:
    """What a card says; None when it is none, or too long."""
    if len(card) > MAX_BYTES or "BEGIN:VCARD" not in card[:64].upper():
        return None
    found: dict[str, list[str]] = {}
    for name, value in _properties(card):
        values = found.setdefault(name, [])
        if len(values) < _MAX_VALUES and value:
            values.append(value)
    names = found.get("FN") or [" ".join(part for part in _parts(value) if part) for value in found.get("N", ())]
    return Person(
        name=_first(names) or "",
        phones=tuple(found.get("TEL", ())),
        emails=tuple(found.get("EMAIL", ())),
        organisation=_first(found.get("ORG", ())),
    )


def _properties(card: str) -> Iterator[tuple[str, str]]:
    """Name and value of each line, long lines put together again; groups and parameters are left out."""
    unfolded = re.sub(r"\r?\n[ \t]", "", card)
    for line in unfolded.splitlines():
        head, colon, value = line.partition(":")
        if colon:
            name = head.partition(";")[0].rpartition(".")[2].upper()
            yield name, value.strip() if name == "N" else _unescaped(value.strip())


def _parts(value: str) -> list[str]:
    return [_unescaped(part) for part in re.split(r"(?<!\\);", value)]


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\n" if found[0] == "\n" else "\\" + found[0], text.replace("\r", ""))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character.isdigit())


def _first(values: Sequence[str]) -> str | None:
    return values[0] if values else None
