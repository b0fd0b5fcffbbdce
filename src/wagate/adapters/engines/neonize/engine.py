"""The kind: where its sessions keep their files, how a worker is started, and what it promises."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from typing_extensions import override

from wagate.adapters.engines.neonize import carry, store
from wagate.adapters.engines.neonize.connection import NeonizeConnection
from wagate.adapters.engines.neonize.files import Reach, Ways
from wagate.adapters.engines.neonize.holding import read_kept
from wagate.adapters.engines.neonize.host import Host, Launch, StartGate
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.serving import Means
from wagate.adapters.engines.neonize.words import WORDS
from wagate.domain.ids import SessionId
from wagate.ports.device import CarriesDevices, LinkedDevice
from wagate.ports.engine import Connection, Engine, EngineFeatures, EngineWords, Line
from wagate.ports.vault import Vault

WORKER: Final = (sys.executable, "-m", "wagate.adapters.engines.neonize.worker")

FEATURES: Final = EngineFeatures(
    chooses_message_id=False,
    acks_after_persist=False,
    answers_retries_from_store=False,
    queries_history=False,
    pairs_with_passkey=False,
    contents=frozenset(
        {
            "text",
            "location",
            "contacts",
            "event_invite",
            "poll",
            "image",
            "video",
            "audio",
            "voice",
            "document",
            "sticker",
            "reaction",
            "edit",
            "revocation",
            "poll_vote",
            "pin",
        }
    ),
    max_text_bytes=65_536,
    sends_to_groups=True,
)

CLIENT_VERSION: Final = "2.3000.1047769893"
"""What the whatsmeow inside neonize 0.5.2 announces: it is built in, and raised by a newer neonize only."""

PLATFORM: Final = "chrome"
"""As what the phone's list of linked devices shows us, besides the name."""

NO_BOT: Final = MappingProxyType({"NEONIZE_BOT_TAG": "off"})
"""Without this neonize marks every message to a person as a bot's; no other client of whatsmeow does."""

_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,64}\Z")


class NeonizeEngine(Engine, CarriesDevices):
    """neonize, in a process per session."""

    def __init__(
        self,
        folder: Path,
        *,
        command: Sequence[str] = WORKER,
        environment: Mapping[str, str] = MappingProxyType({}),
        device_name: str = "wagate",
        limits: Limits | None = None,
        reach: Reach | None = None,
    ) -> None:
        """``folder`` is where each session gets one of its own; ``command`` starts a worker, in our environment and
        what ``environment`` adds to it.

        ``device_name`` is what the phone's list of linked devices shows; ``reach`` is for media hosts.
        Raises OSError or ssl.SSLError for its file.
        """
        limits = limits or Limits()
        self._folder = folder
        self._launch = Launch(command, {**NO_BOT, **environment})
        self._gate = StartGate(limits.starts_per_s)
        self._hosts: dict[SessionId, Host] = {}
        self._ways = Ways(reach or Reach(), limits.uploads)
        self._means = Means(limits, device_name, PLATFORM, self._ways)

    @property
    @override
    def name(self) -> str:
        """``neonize``."""
        return "neonize"

    @property
    @override
    def features(self) -> EngineFeatures:
        """No promise about durability; every kind of content, to people and groups."""
        return FEATURES

    @property
    @override
    def connection(self) -> type[Connection]:
        """See the class line of `NeonizeConnection`."""
        return NeonizeConnection

    @property
    @override
    def words(self) -> EngineWords:
        """See `words`."""
        return WORDS

    @property
    @override
    def client_version(self) -> str:
        """See `CLIENT_VERSION`."""
        return CLIENT_VERSION

    @override
    async def connect(self, line: Line) -> Connection:
        """Read what the vault holds and begin to work."""
        return NeonizeConnection(self._means, line, self._host(line.session), await read_kept(line.vault))

    @override
    async def forget(self, session: SessionId) -> None:
        """End the session's worker and delete its files."""
        host = self._host(session)
        if host.is_occupied():
            await host.kill()
        await asyncio.to_thread(host.forget)
        del self._hosts[session]

    @override
    async def export_device(self, session: SessionId, vault: Vault) -> LinkedDevice:
        """Read the device out of whatsmeow's file."""
        return await carry.export(self._host(session), vault, self._means.limits)

    @override
    async def import_device(self, session: SessionId, vault: Vault, device: LinkedDevice) -> None:
        """Make a file for whatsmeow with this device."""
        await carry.write(self._host(session), vault, device)

    @override
    async def discard_device(self, session: SessionId, vault: Vault) -> None:
        """Delete whatsmeow's file, and all that is kept with it."""
        await carry.discard(self._host(session), vault)

    @override
    def holdable(self, device: LinkedDevice) -> LinkedDevice:
        """Nearly everything."""
        return replace(store.holdable(device), polls=device.polls)

    @override
    async def close(self) -> None:
        """Every connection has ended its own worker; the way to the media hosts is closed."""
        await self._ways.close()

    def _host(self, session: SessionId) -> Host:
        if not _NAME.match(session):
            raise ValueError(f"{session!r} cannot name a folder")
        host = self._hosts.get(session)
        if host is None:
            host = Host(self._folder / session, self._launch, self._gate, self._means.limits)
            self._hosts[session] = host
        return host
