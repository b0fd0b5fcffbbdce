"""What a gateway and a worker say to each other about people. Addresses are bare, times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field

PEOPLE_ERRANDS = frozenset(
    {
        "check",
        "identify",
        "profile",
        "see_picture",
        "blocked",
        "block",
        "unblock",
        "set_about",
        "set_name",
        "set_picture",
        "privacy",
        "set_privacy",
        "presence",
        "watch",
        "reject",
    }
)
"""What can be asked about people: ``subject`` is a person, or the group whose picture is to be seen.

``check``: have these numbers (``ids``, bare digits) accounts; ``identify``: who is this, under both addresses;
``see_picture`` (``text``: preview or image); ``set_about`` and ``set_name`` (``text``); ``set_picture`` (``text``: a
JPEG in base64); ``set_privacy`` (``subject`` and ``text``: WhatsApp's words); ``presence`` (``text``: available or
unavailable); ``reject`` (``text``: a call's id, ``subject``: who calls).
"""


@dataclass(frozen=True, slots=True)
class PersonTold:
    """Somebody under both addresses, as far as they are known. ``query`` is the number that was asked for.

    What they do not show, and what was not asked for, is empty.
    """

    lid: str
    phone: str
    query: str = ""
    about: str = field(default="", repr=False)
    picture: str = ""


@dataclass(frozen=True, slots=True)
class PictureTold:
    """Where a picture lies; ``kind`` is image or preview."""

    id: str
    kind: str
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SettingTold:
    """Who may see something, in WhatsApp's words."""

    name: str
    audience: str


@dataclass(frozen=True, slots=True)
class PictureNews:
    """Somebody, or a group (then ``by`` did it), shows another picture, or none. neonize does not tell its id."""

    subject: str
    by: str
    timestamp: int
    is_removed: bool


@dataclass(frozen=True, slots=True)
class Blocked:
    """Somebody is blocked on another device of ours, or not any more."""

    person: str
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class BlocklistNews:
    """Who was blocked, or is not any more; nobody: the whole list is another one, and has to be asked for."""

    changes: tuple[Blocked, ...]


@dataclass(frozen=True, slots=True)
class CallNews:
    """One step of a call: ``step`` is offer, accept or terminate; ``reason`` is WhatsApp's own word for an end."""

    step: str
    call: str
    creator: str
    creator_alt: str
    group: str
    timestamp: int
    is_video: bool
    is_offline: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PresenceTold:
    """Somebody came, went, or does something in ``chat``. Not kept: what nobody is there to hear is gone.

    ``whereabouts``: online, offline, composing, recording or paused; ``last_seen`` is 0 where it is not told.
    """

    person: str
    alt: str
    whereabouts: str
    chat: str = ""
    last_seen: int = 0
