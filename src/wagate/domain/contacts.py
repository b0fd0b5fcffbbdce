"""People beyond their messages: what they show of themselves, whether they are there, and what can change about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wagate.domain.jid import Jid

MAX_ABOUT = 139
"""Characters that WhatsApp's own apps allow in an about."""

MAX_PUSH_NAME = 25
"""Characters that WhatsApp's own apps allow in the name that others see."""

_BRAZIL, _ARGENTINA, _MEXICO = "55", "54", "52"
_BRAZIL_OLD, _ARGENTINA_OLD, _MEXICO_OLD = 12, 12, 12
_BRAZIL_AREA = 4


def spellings(digits: str) -> tuple[str, ...]:
    """The ways in which one mobile number may be registered at WhatsApp, as it was given first.

    Brazil put a 9 before its mobile numbers, Argentina writes one between country and area, Mexico wrote a 1: an
    account may be registered with that digit or without, and its owner may say it either way.
    """
    other = None
    if digits.startswith(_BRAZIL):
        rest = digits[_BRAZIL_AREA:]
        if len(digits) == _BRAZIL_OLD + 1 and rest.startswith("9"):
            other = digits[:_BRAZIL_AREA] + rest[1:]
        elif len(digits) == _BRAZIL_OLD and rest[0] in "6789":
            other = f"{digits[:_BRAZIL_AREA]}9{rest}"
    elif digits.startswith(_ARGENTINA):
        other = _with_or_without(digits, _ARGENTINA, "9", _ARGENTINA_OLD)
    elif digits.startswith(_MEXICO):
        other = _with_or_without(digits, _MEXICO, "1", _MEXICO_OLD)
    return (digits,) if other is None else (digits, other)


def _with_or_without(digits: str, country: str, infix: str, short: int) -> str | None:
    if len(digits) == short + 1 and digits.startswith(country + infix):
        return country + digits[len(country) + 1 :]
    return f"{country}{infix}{digits[len(country) :]}" if len(digits) == short else None


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """Whether a number, asked for in bare digits, has an account: under the address ``jid``, or (None) not."""

    digits: str
    jid: Jid | None
    lid: Jid | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person shows of themselves. None: they have none, or hide it from us. ``about_at`` in seconds."""

    jid: Jid
    lid: Jid | None
    about: str | None
    about_at: int | None
    picture_id: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """Where WhatsApp keeps a picture: anybody can fetch the URL, for some hours or days."""

    id: str
    url: str
    is_preview: bool


class Privacy(StrEnum):
    """What somebody can decide about who sees it, or may do it."""

    LAST_SEEN = "last_seen"
    ONLINE = "online"
    PICTURE = "picture"
    ABOUT = "about"
    READ_RECEIPTS = "read_receipts"
    GROUP_ADD = "group_add"
    CALL_ADD = "call_add"


class Audience(StrEnum):
    """Who. ``match_last_seen`` is for ``online`` only, ``known`` for calls; not every word fits every setting."""

    EVERYBODY = "everybody"
    CONTACTS = "contacts"
    CONTACTS_EXCEPT = "contacts_except"
    NOBODY = "nobody"
    MATCH_LAST_SEEN = "match_last_seen"
    KNOWN = "known"


_PEOPLE = frozenset({Audience.EVERYBODY, Audience.CONTACTS, Audience.CONTACTS_EXCEPT, Audience.NOBODY})

AUDIENCES: dict[Privacy, frozenset[Audience]] = {
    Privacy.LAST_SEEN: _PEOPLE,
    Privacy.ONLINE: frozenset({Audience.EVERYBODY, Audience.MATCH_LAST_SEEN}),
    Privacy.PICTURE: _PEOPLE,
    Privacy.ABOUT: _PEOPLE,
    Privacy.READ_RECEIPTS: frozenset({Audience.EVERYBODY, Audience.NOBODY}),
    Privacy.GROUP_ADD: _PEOPLE - {Audience.NOBODY},
    Privacy.CALL_ADD: frozenset({Audience.EVERYBODY, Audience.KNOWN}),
}
"""The words that each setting takes (whatsmeow `types/user.go`)."""


class Whereabouts(StrEnum):
    """What is known of somebody's presence: the first two are about them, the others about them in one chat."""

    ONLINE = "online"
    OFFLINE = "offline"
    COMPOSING = "composing"
    RECORDING = "recording"
    PAUSED = "paused"


# ---- what happens to people


@dataclass(frozen=True, slots=True)
class AboutChanged:
    """Somebody shows another about; None where it was not told which."""

    about: str | None


@dataclass(frozen=True, slots=True)
class PictureChanged:
    """Somebody shows another picture, or none (``is_removed``); ``picture_id`` is None where it was not told."""

    picture_id: str | None
    is_removed: bool


@dataclass(frozen=True, slots=True)
class BlockChanged:
    """We have blocked somebody, or do not block them any more."""

    is_blocked: bool


@dataclass(frozen=True, slots=True)
class ProfileSeen:
    """All that somebody shows of themselves, as the server tells it at this moment."""

    about: str | None
    about_at: int | None
    picture_id: str | None


@dataclass(frozen=True, slots=True)
class NumberMoved:
    """Somebody has another phone number, and perhaps another LID, from now on."""

    phone: Jid
    lid: Jid | None


ContactChange = AboutChanged | PictureChanged | BlockChanged | ProfileSeen | NumberMoved
