"""The control API from the outside, typed: for tests, benches and the sandbox, in whatever process."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp

from whatsapp_emulator.passkey_client import PasskeyClient
from whatsapp_emulator.people_client import PeopleClient
from whatsapp_emulator.told import AccountTold, CallTold, FileTold, GroupTold, MessageTold, ReceiptTold, ViolationTold
from whatsapp_emulator.whereabouts import Whereabouts

_TIMEOUT_S = 60.0


class ControlError(Exception):
    """The emulator did not do what it was asked; the text is its answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


class EmulatorClient:
    """Talks to one emulator. Use it with ``async with``; every method raises ControlError when the emulator refuses."""

    def __init__(self, url: str) -> None:
        """``url`` is the control API's, as in `Whereabouts.control_url`."""
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool; nothing is sent yet."""
        # The gateway under test may be told to use the emulator's proxy; its own control must never pass through it.
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        self._session = aiohttp.ClientSession(self._url, timeout=timeout, trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def whereabouts(self) -> Whereabouts:
        """Where everything is."""
        return Whereabouts.of(await self.get("/control/info"))

    async def account(self, phone: str, name: str = "") -> AccountTold:
        """Make sure that somebody with this number exists; a name replaces the one they had."""
        return AccountTold(**await self.post("/control/accounts", phone=phone, name=name))

    def phone(self, number: str) -> PhoneClient:
        """The phone with that number."""
        return PhoneClient(self, number)

    def operator(self, number: str) -> OperatorClient:
        """What WhatsApp itself can do to the account with that number."""
        return OperatorClient(self, number)

    async def group(self, jid: str) -> GroupTold:
        """A group as it is."""
        return GroupTold(**await self.get(f"/control/groups/{jid}"))

    async def call(self, id: str) -> CallTold:
        """A call as it is."""
        return CallTold(**await self.get(f"/control/calls/{id}"))

    async def faults(self, **knobs: object) -> dict[str, Any]:
        """Turn knobs (`latency_s`, `no_ack`, … as in `whatsapp_emulator.faults.Faults`); returns all of them."""
        return await self.post("/control/faults", **knobs) if knobs else await self.get("/control/faults")

    async def stats(self) -> dict[str, Any]:
        """Counters, the state of every device, CPU seconds."""
        return await self.get("/control/stats")

    async def violations(self) -> list[ViolationTold]:
        """What must not have happened."""
        return [ViolationTold(**found) for found in (await self.get("/control/violations"))["violations"]]

    async def forgive(self, kind: str | None = None, who: str | None = None) -> int:
        """Pass over violations of that kind, by that phone or ``phone:device``; returns how many there were."""
        forgiven: int = (await self.post("/control/forgive", kind=kind, who=who))["forgiven"]
        return forgiven

    async def expire_media(self, status: int = 410) -> int:
        """Make all files on the media hosts gone, as HTTP status 404 or 410; returns how many there were."""
        expired: int = (await self.post("/control/media/expire", status=status))["expired"]
        return expired

    async def record(self, path: str | None) -> None:
        """Begin to write down what clients say into a file of the emulator's machine, or stop with None."""
        await self.post("/control/recorder", path=path)

    async def mark(self, text: str) -> None:
        """Write a line of one's own into the recording."""
        await self.post("/control/recorder/mark", text=text)

    async def get(self, path: str, /, **query: float) -> dict[str, Any]:
        """A GET of the API; returns its JSON."""
        assert self._session is not None, "use the client with `async with`"
        async with self._session.get(path, params={key: str(value) for key, value in query.items()}) as response:
            return await _told(response)

    async def post(self, path: str, /, **fields: object) -> dict[str, Any]:
        """A POST to the API; returns its JSON."""
        assert self._session is not None, "use the client with `async with`"
        async with self._session.post(path, json=fields) as response:
            return await _told(response)

    async def upload(self, path: str, /, content: bytes | AsyncIterable[bytes], **query: str) -> dict[str, Any]:
        """A POST of bytes to the API; returns its JSON."""
        assert self._session is not None, "use the client with `async with`"
        async with self._session.post(path, params=query, data=content) as response:
            return await _told(response)

    async def download(self, path: str, /) -> bytes:
        """A GET of bytes from the API."""
        assert self._session is not None, "use the client with `async with`"
        async with self._session.get(path) as response:
            if response.status >= 400:
                await _told(response)
            return await response.read()


class PhoneClient:
    """One virtual phone."""

    def __init__(self, client: EmulatorClient, number: str) -> None:
        self._client = client
        self._path = f"/control/phones/{number}"

    async def scan(self, qr: str) -> str:
        """Scan a QR code, and wait until the companion has answered; returns the new device's address."""
        return str((await self._post("scan", qr=qr))["device"])

    async def enter_code(self, code: str) -> str:
        """Type a pairing code, and wait until the companion has answered; returns the new device's address."""
        return str((await self._post("enter-code", code=code))["device"])

    async def app_state(self, act: str, **fields: object) -> None:
        """Do something for all devices of the account: `archive`, `mute`, … (see `control.app_state`)."""
        await self._post(f"app-state/{act}", **fields)

    async def agreed(self) -> list[dict[str, Any]]:
        """What all devices of the account agree on: each with its `action` (`Archive`, `Mute`, …) and its fields."""
        actions: list[dict[str, Any]] = (await self._client.get(f"{self._path}/app-state"))["actions"]
        return actions

    async def type(self, to: str, text: str, *, quote: str | None = None, mentions: Sequence[str] = ()) -> str:
        """Send a text to a phone number or address; returns the message's id."""
        told = await self._post("type", to=to, text=text, quote=quote, mentions=list(mentions))
        return str(told["ids"][0])

    async def type_many(self, to: str, text: str, count: int, *, interval_ms: int = 0) -> list[str]:
        """Send so many texts, each with its number from 0 behind the text; returns their ids, in order."""
        ids: list[str] = (await self._post("type", to=to, text=text, count=count, interval_ms=interval_ms))["ids"]
        return ids

    async def send_media(
        self, to: str, kind: str, content: bytes | AsyncIterable[bytes], **details: str | int | bool | bytes
    ) -> str:
        """Send a file to a phone number or address; returns the message's id.

        ``kind`` is `image`, `video`, `audio`, `document` or `sticker`; the details are those of
        `whatsapp_wire.media.content.MediaDetails`.
        """
        query = {name: _written(value) for name, value in details.items()}
        told = await self._client.upload(f"{self._path}/media", content, to=to, kind=kind, **query)
        return str(told["id"])

    async def fetch(self, id: str) -> FileTold:
        """Get the file of a message from the hosts, decrypt and check it."""
        return FileTold(**await self._post("fetch", id=id))

    async def file(self, id: str) -> bytes:
        """The plain bytes of a message's file, fetched and checked."""
        return await self._client.download(f"{self._path}/media/{id}")

    async def remember(self, chat: str, messages: Sequence[Mapping[str, object]], **fields: object) -> list[str]:
        """Let the phone have had a chat (see `control/histories.py`); returns the ids of its messages."""
        ids: list[str] = (await self._post("history", chat=chat, messages=list(messages), **fields))["ids"]
        return ids

    async def read(self, ids: Sequence[str] | None = None) -> list[str]:
        """Open messages, all that are unread by default; returns those for which a receipt went out."""
        opened: list[str] = (await self._post("read", ids=None if ids is None else list(ids)))["ids"]
        return opened

    async def play(self, ids: Sequence[str] | None = None) -> list[str]:
        """Play messages, all by default; returns those for which a receipt went out."""
        played: list[str] = (await self._post("play", ids=None if ids is None else list(ids)))["ids"]
        return played

    async def set_typing(self, to: str, *, on: bool, media: str | None = None) -> None:
        """Begin or stop typing in somebody's chat, or recording (`media`: audio)."""
        await self._post("typing", to=to, on=on, media=media)

    async def set_available(self, *, available: bool) -> None:
        """Open or close the app."""
        await self._post("presence", available=available)

    async def log_out(self, device: int | None = None) -> list[int]:
        """Remove one companion, or all; returns the numbers of those removed."""
        removed: list[int] = (await self._post("log-out", device=device))["removed"]
        return removed

    async def create_group(self, subject: str, people: Sequence[str], **settings: object) -> GroupTold:
        """Make a group with people named by phone number or address."""
        return GroupTold(**await self._post("groups", subject=subject, people=list(people), settings=settings))

    async def join(self, code: str) -> bool:
        """Follow an invite link; whether admins have to approve first."""
        return bool((await self._post("join", code=code))["pending"])

    @property
    def passkey(self) -> PasskeyClient:
        """The account's passkey."""
        return PasskeyClient(self._client.post, self._client.get, self._path)

    @property
    def people(self) -> PeopleClient:
        """Profile, privacy, blocking and calls in this person's hand."""
        return PeopleClient(self._client.post, self._client.get, self._path)

    def group(self, jid: str) -> GroupClient:
        """A group in this person's hand."""
        return GroupClient(self._client, f"{self._path}/groups/{jid}")

    async def set(self, **settings: bool | str | None) -> dict[str, Any]:
        """Change `swallow`, `auto_receipt`, `auto_read`, `auto_reply`, `keeps_media` or `refuses_groups`.

        Returns all settings.
        """
        return await self._post("settings", **settings)

    async def say(self, to: str, kind: str, **fields: object) -> str:
        """Send something of a kind (`poll`, `location`, `contacts`, …: `control/contents.py`); returns its id."""
        return str((await self._post("say", to=to, kind=kind, **fields))["id"])

    async def act(self, act: str, id: str, **fields: object) -> str:
        """`react` (emoji), `edit` (text), `revoke`, `pin` (for_s), `vote` (options) or `forward` (to) a message.

        Returns the id of what is sent for it.
        """
        return str((await self._post(f"act/{act}", id=id, **fields))["id"])

    async def do(self, action: str, **fields: object) -> dict[str, Any]:
        """The rarer things: ``forget-keys``, ``reinstall``, ``corrupt`` (to, text), ``ask-retry`` (id, count)."""
        return await self._post(action, **fields)

    async def inbox(self, since: int = 0, *, limit: int = 1000, wait_s: float = 0) -> list[MessageTold]:
        """What the phone has shown from that position on; with `wait_s`, waits until there is something."""
        told = await self._client.get(f"{self._path}/inbox", since=since, limit=limit, wait_s=wait_s)
        return [_message(row) for row in told["messages"]]

    async def receipts(self, since: int = 0, *, limit: int = 1000, wait_s: float = 0) -> list[ReceiptTold]:
        """The receipts the phone got from that position on; with `wait_s`, waits until there is one."""
        told = await self._client.get(f"{self._path}/receipts", since=since, limit=limit, wait_s=wait_s)
        return [ReceiptTold(row["device"], row["type"], tuple(row["ids"]), row["t"]) for row in told["receipts"]]

    async def _post(self, action: str, **fields: object) -> dict[str, Any]:
        return await self._client.post(f"{self._path}/{action}", **fields)


class GroupClient:
    """One group in one person's hand. Whatever that person may not do raises ControlError 409."""

    def __init__(self, client: EmulatorClient, path: str) -> None:
        self._client = client
        self._path = path

    async def change(self, action: str, *people: str) -> dict[str, int | None]:
        """`add`, `remove`, `promote` or `demote` people; the error for each, None where it worked."""
        errors: dict[str, int | None] = (await self._post("change", action=action, people=list(people)))["errors"]
        return errors

    async def decide(self, decision: str, *people: str) -> dict[str, int | None]:
        """`approve` or `reject` who asked to join; the error for each, None where it worked."""
        errors: dict[str, int | None] = (await self._post("decide", decision=decision, people=list(people)))["errors"]
        return errors

    async def rename(self, subject: str) -> None:
        """Give it another name."""
        await self._post("rename", subject=subject)

    async def describe(self, text: str) -> None:
        """Give it another description, or none."""
        await self._post("describe", text=text)

    async def set(self, **settings: object) -> None:
        """Change settings."""
        await self._post("set", **settings)

    async def set_picture(self, jpeg: bytes | None) -> None:
        """Give it another picture, or none."""
        await self._post("picture", jpeg=None if jpeg is None else base64.b64encode(jpeg).decode())

    async def invite(self, *, reset: bool = False) -> str:
        """The code of its link, or a new one."""
        return str((await self._post("invite", reset=reset))["code"])

    async def leave(self) -> None:
        """Go."""
        await self._post("leave")

    async def _post(self, verb: str, **fields: object) -> dict[str, Any]:
        return await self._client.post(f"{self._path}/{verb}", **fields)


class OperatorClient:
    """What WhatsApp can do to one account."""

    def __init__(self, client: EmulatorClient, number: str) -> None:
        self._client = client
        self._path = f"/control/accounts/{number}"

    async def kick(self, kind: str) -> int:
        """End all its connections: `drop`, `rst`, `401`, `replaced`, `503` or `515`; returns how many there were."""
        kicked: int = (await self._client.post(f"{self._path}/kick", kind=kind))["kicked"]
        return kicked

    async def refuse(self, reason: str, attrs: Mapping[str, str] | None = None) -> None:
        """Refuse each login from now on; a ban is reason 402 with `code` and `expire`."""
        await self._client.post(f"{self._path}/refuse", reason=reason, attrs=dict(attrs or {}))

    async def allow(self) -> None:
        """Let it log in again."""
        await self._client.post(f"{self._path}/allow")

    async def mark_dirty(self, type: str) -> None:
        """Tell its devices that `account_sync`, `groups` or `syncd_app_state` changed."""
        await self._client.post(f"{self._path}/dirty", type=type)


async def _told(response: aiohttp.ClientResponse) -> dict[str, Any]:
    if response.content_type != "application/json":
        raise ControlError(response.status, await response.text())
    told: dict[str, Any] = await response.json()
    if response.status >= 400:
        raise ControlError(response.status, str(told.get("error")))
    return told


def _message(row: dict[str, Any]) -> MessageTold:
    return MessageTold(
        id=row["id"],
        sender=row["from"],
        chat=row["chat"],
        own=row["own"],
        text=row["text"],
        kind=row["kind"],
        edit=row["edit"],
        at=row["t"],
        quoted=row["quoted"],
        mentions=tuple(row["mentions"]),
        repeat=row["repeat"],
        media=row["media"],
        target=row["target"],
        vote=None if row["vote"] is None else tuple(row["vote"]),
        forwarded=row["forwarded"],
        expires_in_s=row["expires_in_s"],
        timer=row["timer"],
    )


def _written(value: str | int | bool | bytes) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)
