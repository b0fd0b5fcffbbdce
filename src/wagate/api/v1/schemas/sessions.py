"""Sessions on the wire."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.domain.pacing import QuietHours
from wagate.domain.session import DevicePlatform, HistoryPolicy, SessionState

MAX_EAGER = 2 << 30
"""Bytes of the largest file that WhatsApp takes."""

Word = Annotated[Line, StringConstraints(min_length=1, max_length=64)]
Value = Annotated[Line, StringConstraints(max_length=500)]
Clock = Annotated[Line, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


_REJECTS = "Turn down every call at once. What is told of it has `rejected` set."
_ONLINE = "Show the account online while the session is connected. Phones of the account may stay silent then."
_READS = (
    "Whether `POST …/read` tells the writer, as far as the account's privacy setting allows; else only the account's "
    "own devices hear of it."
)
_NAME = "How the phone lists this device, from the next pairing on. Default: the engine's own name."
_PLATFORM = "As what kind of program, from the next pairing on."
_EAGER = (
    "Bytes up to which a file that arrives is fetched at once; a larger one when it is asked for. Null: what the "
    "gateway's setting `media_eager_limit` says."
)
_PACING = "How fast the account sends, and when it does not. Null: what the gateway's settings say."
_PER_MINUTE = "Messages in any sixty seconds, however urgent. More puts the number at risk."
_BULK = "Of those, so many of the priority `bulk`. Above 10 the session shows a warning."
_BURST = "So many may follow one another at once after a rest."
_JITTER = "The part of the time between two messages that is left to chance."
_GAP = "Seconds between two messages to one chat."
_PER_DAY = "Messages in a day (UTC). What is more waits for the next one."
_COLD = "First messages to people who never wrote or were written to, in a day (UTC)."
_WARM_UP = "A number that was linked lately sends 20 a day at first, and each day twice as many, for six days."
_QUIET = "When people are not written to, where they live. Urgent messages go all the same."
_TYPES = "Be seen typing before a text goes out, for about as long as it takes to write it."
_CHECKS = "Ask whether somebody new is on WhatsApp before anything is sent to them."
_FILTERS = "Of which kinds of chats, besides those with one person, the session takes note."


class FiltersPatch(Asked):
    """Which kinds of chats to take note of; what is left out stays as it is."""

    groups: bool = Field(default=True, description="Groups: their messages, and what happens in them.")
    status: bool = Field(default=True, description="Status posts.")
    channels: bool = Field(default=True, description="Channels.")
    broadcast: bool = Field(default=True, description="Broadcast lists.")


class AskedQuietHours(Asked):
    """From when to when, by the clock where the recipient lives; it may span midnight."""

    begin: Clock = Field(description="`HH:MM`.")
    end: Clock = Field(description="`HH:MM`.")

    @model_validator(mode="after")
    def _last(self) -> Self:
        if self.begin == self.end:
            raise ValueError("begin and end must differ")
        return self


class PacingPatch(Asked):
    """How fast the account sends; what is left out stays as it is, and null lifts a limit.

    What was never set here is as the gateway has it when the first of these is set.
    """

    per_minute: Annotated[int, Field(ge=1, le=6_000)] | None = Field(default=20, description=_PER_MINUTE)
    bulk_per_minute: Annotated[int, Field(ge=1, le=6_000)] | None = Field(default=3, description=_BULK)
    burst: int = Field(default=3, ge=1, le=100, description=_BURST)
    jitter: float = Field(default=0.3, ge=0, le=1, description=_JITTER)
    chat_gap_s: float = Field(default=1.0, ge=0, le=3_600, description=_GAP)
    per_day: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(default=None, description=_PER_DAY)
    cold_per_day: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(default=None, description=_COLD)
    warm_up: bool = Field(default=False, description=_WARM_UP)
    quiet_hours: AskedQuietHours | None = Field(default=None, description=_QUIET)
    types_first: bool = Field(default=False, description=_TYPES)
    checks_numbers: bool = Field(default=True, description=_CHECKS)

    def changes(self) -> dict[str, Any]:
        """What was said, in the house's words."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        if (quiet := said.get("quiet_hours")) is not None:
            said["quiet_hours"] = QuietHours(*map(time.fromisoformat, (quiet.begin, quiet.end)))
        return said


class SettingsPatch(Asked):
    """What a human can set for one session; what is left out stays as it is, null makes it the default.

    Everything is used from the next start on.
    """

    proxy: Annotated[Line, StringConstraints(max_length=500)] | None = Field(
        default=None, description="`http://` or `socks5://` URL, with user and password if need be."
    )
    device_name: Annotated[Line, StringConstraints(min_length=1, max_length=50)] | None = Field(
        default=None, description=_NAME
    )
    device_platform: DevicePlatform | None = Field(default=None, description=_PLATFORM)
    auto_reject_calls: bool | None = Field(default=None, description=f"{_REJECTS} Default: false.")
    always_online: bool | None = Field(default=None, description=f"{_ONLINE} Default: false.")
    read_receipts: bool | None = Field(default=None, description=f"{_READS} Default: true.")
    filters: FiltersPatch | None = Field(default=None, description=f"{_FILTERS} Default: of all.")
    history: HistoryPolicy | None = Field(
        default=None,
        description="How much of the past the phone is asked for when it is paired. Null is `recent`, the default.",
    )
    media_eager_limit: Annotated[int, Field(ge=0, le=MAX_EAGER)] | None = Field(default=None, description=_EAGER)
    pacing: PacingPatch | None = Field(default=None, description=_PACING)

    def changes(self) -> dict[str, Any]:
        """What was said, in the house's words."""
        said = self.model_dump(exclude_unset=True)
        if self.pacing is not None:
            said["pacing"] = self.pacing.changes()
        return said


class CreateSession(Asked):
    """A session to make. It starts stopped and unpaired."""

    model_config = example({"name": "support", "metadata": {"team": "sales"}})

    name: Word | None = Field(
        default=None,
        description="a-z, 0-9, `.`, `_` and `-`, unique in the tenant; paths take it in place of the id. "
        "Without it one is made up.",
    )
    engine: Annotated[Line, StringConstraints(max_length=50)] | None = Field(
        default=None, description="How to reach WhatsApp; `POST …/move` changes it. Default: the setting `engine`."
    )
    settings: SettingsPatch = Field(default_factory=SettingsPatch)
    metadata: dict[Word, Value] = Field(
        default_factory=dict, description="Your own words; kept, shown, never interpreted."
    )


class UpdateSession(Asked):
    """What to change in a session; what is left out stays as it is."""

    model_config = example({"metadata": {"team": "care", "shift": None}})

    name: Word | None = Field(default=None, description="A new name; the id never changes.")
    settings: SettingsPatch | None = None
    metadata: dict[Word, Value | None] | None = Field(default=None, description="Merged; null removes an entry.")

    @field_validator("name", "settings", "metadata")
    @classmethod
    def _not_null(cls, value: object) -> object:
        # Only what the caller wrote is validated, so this None is a null and not a field that was left out.
        if value is None:
            raise ValueError("cannot be null; leave it out to keep it")
        return value


class MoveSession(Asked):
    """Where a session goes."""

    model_config = example({"engine": "native"})

    engine: Annotated[Line, StringConstraints(min_length=1, max_length=50)] = Field(
        description="The engine that goes on with the linked device: `native` or `neonize`."
    )


class ExportSession(Asked):
    """What opens the archive."""

    model_config = example({"passphrase": "correct horse battery staple"})

    passphrase: Annotated[Line, StringConstraints(min_length=12, max_length=1_000)] = Field(
        description="Whoever has the archive and this has the device."
    )


class Archive(Shown):
    """A linked device, sealed."""

    model_config = example({"archive": "d2FnYXRlLWFyY2hpdmUBEA…", "size": 48213})

    archive: str = Field(description="The file, in base64.")
    size: int = Field(description="Its bytes.")


IMPORT_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["source", "file"],
                "properties": {
                    "source": {
                        "type": "string",
                        "enum": ["baileys", "whatsmeow", "wagate"],
                        "description": "What the other program is built on; `wagate` for an archive of our own.",
                    },
                    "file": {
                        "type": "array",
                        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                        "description": "whatsmeow: the SQLite file, and the one ending in `-wal` if there is one. "
                        "Baileys: every file of the multi-file auth folder.",
                    },
                    "jid": {
                        "type": "string",
                        "description": "Which device, if a database holds several: its JID, or the phone number.",
                    },
                    "passphrase": {"type": "string", "description": "What opens the archive."},
                    "name": {"type": "string", "description": "What to call the session."},
                    "engine": {
                        "type": "string",
                        "description": "Which engine goes on with it. Default: the setting `engine`.",
                    },
                },
            },
            "example": {"source": "whatsmeow", "file": "@session.db", "name": "support"},
        }
    },
}
"""The form of an import, for the API's description."""


class RequestPairingCode(Asked):
    """The phone that will type the code."""

    model_config = example({"phone": "+5511999999999"})

    phone: Annotated[Line, StringConstraints(min_length=1, max_length=100)] = Field(
        description="The number of the phone to link, in any sane form."
    )


class Reason(Shown):
    """Why a session is in its state."""

    code: str = Field(description="Stable.")
    detail: str


class Me(Shown):
    """The WhatsApp account behind a session."""

    phone: str | None
    lid: str | None
    name: str | None
    platform: str | None


class Filters(Shown):
    """Which kinds of chats are taken note of."""

    groups: bool
    status: bool
    channels: bool
    broadcast: bool


class ShownQuietHours(Shown):
    """From when to when people are not written to, by their own clocks."""

    begin: str
    end: str


class ShownPacing(Shown):
    """How fast the account sends. Null: no limit."""

    per_minute: int | None = Field(description=_PER_MINUTE)
    bulk_per_minute: int | None = Field(description=_BULK)
    burst: int = Field(description=_BURST)
    jitter: float = Field(description=_JITTER)
    chat_gap_s: float = Field(description=_GAP)
    per_day: int | None = Field(description=_PER_DAY)
    cold_per_day: int | None = Field(description=_COLD)
    warm_up: bool = Field(description=_WARM_UP)
    quiet_hours: ShownQuietHours | None = Field(description=_QUIET)
    types_first: bool = Field(description=_TYPES)
    checks_numbers: bool = Field(description=_CHECKS)


class RiskWarning(Shown):
    """Something that is set and puts the number at risk."""

    code: str = Field(description="Stable.")
    detail: str


class Settings(Shown):
    """What is set for a session. A password inside the proxy URL reads `***`."""

    proxy: str | None
    device_name: str | None = Field(description=_NAME)
    device_platform: DevicePlatform | None = Field(description=_PLATFORM)
    auto_reject_calls: bool = Field(description=_REJECTS)
    always_online: bool = Field(description=_ONLINE)
    read_receipts: bool = Field(description=_READS)
    filters: Filters = Field(description=_FILTERS)
    history: HistoryPolicy
    media_eager_limit: int | None = Field(description=_EAGER)
    pacing: ShownPacing | None = Field(description=_PACING)


class Session(Shown):
    """One WhatsApp identity, and what is known about its line right now."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "id": "ses_01KAGQ5W7N4T9M2V6Z8X3C1B0R",
        "name": "support",
        "engine": "native",
        "state": "connected",
        "state_since": "2026-11-20T09:15:27.123Z",
        "reason": None,
        "action": None,
        "me": {"phone": "+5511999999999", "lid": "204837561029384@lid", "name": "Shop", "platform": "android"},
        "settings": {
            "proxy": None,
            "device_name": None,
            "device_platform": None,
            "auto_reject_calls": False,
            "always_online": False,
            "read_receipts": True,
            "history": "recent",
            "media_eager_limit": None,
            "pacing": None,
            "filters": {"groups": True, "status": True, "channels": True, "broadcast": True},
        },
        "warnings": [],
        "metadata": {"team": "sales"},
        "created_at": "2026-11-19T17:02:11.480Z",
        "last_seen_at": "2026-11-20T09:15:27.123Z",
    }
    model_config = example(EXAMPLE)

    id: str
    name: str
    engine: str
    state: SessionState
    state_since: Moment
    reason: Reason | None
    action: str | None = Field(description="What a human should do now, in a sentence.")
    me: Me | None = Field(description="Null until a phone was linked.")
    settings: Settings
    warnings: list[RiskWarning] = Field(description="What is set that puts the number at risk.")
    metadata: dict[str, str]
    created_at: Moment
    last_seen_at: Moment | None = Field(description="When WhatsApp last showed that it knows this line.")


class SessionPage(Shown):
    """Some sessions, and the cursor to the next ones."""

    model_config = example({"data": [Session.EXAMPLE], "next_cursor": None})

    data: list[Session]
    next_cursor: str | None


class Qr(Shown):
    """A QR code to scan now."""

    model_config = example(
        {
            "qr": "2@Vx3cPq…",
            "data_url": "data:image/png;base64,iVBORw0KGgo…",
            "expires_at": "2026-11-20T09:16:27.000Z",
            "remaining": 4,
        }
    )

    qr: str = Field(description="The raw text of the code.")
    data_url: str = Field(description="The code as a PNG, ready for an `<img>`.")
    expires_at: Moment
    remaining: int = Field(description="How many more codes follow by themselves.")


class PairingCode(Shown):
    """A code to type into the phone: Linked devices, Link with phone number instead."""

    model_config = example({"code": "K7DM-2QXV", "expires_in_s": 160})

    code: str
    expires_in_s: float
