"""The kind: what its lines share, and what it promises."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

from typing_extensions import override

from wagate.adapters.engines.native.carry import CARRIED, device_of, holdable, records_of
from wagate.adapters.engines.native.connection import Means, NativeConnection, read_kept
from wagate.adapters.engines.native.files import UPLOADS
from wagate.adapters.engines.native.machine.device import Habits
from wagate.adapters.engines.native.machine.records import KINDS
from wagate.adapters.engines.native.transport import Endpoint
from wagate.adapters.whatsapp_web.http import USER_AGENT, Pools, tls_context
from wagate.adapters.whatsapp_web.media import Patience
from wagate.domain.ids import SessionId
from wagate.ports.device import CarriesDevices, LinkedDevice
from wagate.ports.engine import Connection, Engine, EngineCosts, EngineFeatures, EngineWords, Line
from wagate.ports.vault import RecordKey, Unit, Vault
from whatsapp_wire.noise import WHATSAPP_ROOT
from whatsapp_wire.pairing.payload import ClientVersion

URL: Final = "wss://web.whatsapp.com/ws/chat"

FEATURES: Final = EngineFeatures(
    chooses_message_id=True,
    acks_after_persist=True,
    answers_retries_from_store=True,
    queries_history=True,
    pairs_with_passkey=True,
    contents=frozenset(
        {"text", "location", "contacts", "poll", "event_invite"}
        | {"image", "video", "audio", "voice", "document", "sticker"}
        | {"reaction", "edit", "revocation", "poll_vote", "pin"}
    ),
    max_text_bytes=65_536,
    sends_to_groups=True,
    rekeys_groups=True,
    posts_status=True,
    tells_abouts=True,
    removes_pictures=True,
)

WORDS: Final = EngineWords(
    summary="our own implementation of WhatsApp Web, made for these promises",
    costs=EngineCosts(
        memory="tens of kilobytes a session",
        processes="none of its own: it works inside the gateway",
        installation="nothing: it is part of wagate",
    ),
    unproven="It has never spoken to the live service: it was judged on the emulator only, by unmodified whatsmeow "
    "(through neonize) and Baileys. Whether WhatsApp accepts it for weeks, how it treats its TLS and WebSocket "
    "fingerprint, and when it restricts or bans a number that uses it, nobody knows.",
)


_SLICE: Final = 500
"""Records that one transaction changes."""


class NativeEngine(Engine, CarriesDevices):
    """Our own implementation of WhatsApp Web multi-device."""

    def __init__(
        self,
        *,
        url: str = URL,
        root_key: bytes | None = None,
        ca_file: Path | None = None,
        version: tuple[int, int, int] | None = None,
        habits: Habits | None = None,
        patience: Patience | None = None,
    ) -> None:
        """``root_key`` (32 bytes; None: WhatsApp's own) must have signed the server's Noise certificate, one of
        ``ca_file`` its TLS one and those of the media hosts.

        ``version`` replaces the WhatsApp Web version of ``habits``; ``patience`` is for media hosts. Raises OSError or
        ssl.SSLError for the file.
        """
        habits = habits or Habits()
        if version is not None:
            habits = replace(habits, version=ClientVersion(*version))
        tls = tls_context(ca_file)
        endpoint = Endpoint(url, root_key or WHATSAPP_ROOT, tls if url.startswith("wss:") else None, USER_AGENT)
        random = Random()  # noqa: S311 - jitter
        turns = asyncio.Semaphore(UPLOADS)
        self._means = Means(endpoint, habits, Pools(), random, tls, patience or Patience(), turns)

    @property
    @override
    def name(self) -> str:
        """``native``."""
        return "native"

    @property
    @override
    def features(self) -> EngineFeatures:
        """Every promise about durability."""
        return FEATURES

    @property
    @override
    def connection(self) -> type[Connection]:
        """See the class line of `NativeConnection`."""
        return NativeConnection

    @property
    @override
    def words(self) -> EngineWords:
        """See `WORDS`."""
        return WORDS

    @property
    @override
    def client_version(self) -> str:
        """The version in its habits, or the one that was set."""
        return self._means.habits.version.text

    @override
    async def connect(self, line: Line) -> Connection:
        """Read what the vault holds and begin to work."""
        return NativeConnection(self._means, line, await read_kept(line.vault))

    @override
    async def forget(self, session: SessionId) -> None:
        """The vault holds everything."""

    @override
    async def export_device(self, session: SessionId, vault: Vault) -> LinkedDevice:
        """Read the device out of the vault."""
        return await asyncio.to_thread(device_of, {kind: await vault.list(kind) for kind in CARRIED})

    @override
    async def import_device(self, session: SessionId, vault: Vault, device: LinkedDevice) -> None:
        """Put the device into the vault, the credentials last: without them there is no device."""
        records = await asyncio.to_thread(records_of, device, int(time.time()))
        await self.discard_device(session, vault)
        await _change(vault, records)

    @override
    async def discard_device(self, session: SessionId, vault: Vault) -> None:
        """Delete every record, the credentials first: without them there is no device."""
        for kind in reversed(KINDS):
            await _change(vault, {(kind, address): None for address, _ in await vault.list(kind)})

    @override
    def holdable(self, device: LinkedDevice) -> LinkedDevice:
        """Nearly everything."""
        return holdable(device)

    @override
    async def close(self) -> None:
        """Close the connection pools."""
        await self._means.pools.close()


async def _change(vault: Vault, changes: Mapping[RecordKey, bytes | None]) -> None:
    """Change records, a slice at a time, in order; durable on return. Raises VaultFailed."""
    entries = list(changes.items())
    for start in range(0, len(entries), _SLICE):
        await vault.submit(Unit(dict(entries[start : start + _SLICE])))
