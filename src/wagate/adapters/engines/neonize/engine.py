"""The kind: where its sessions keep their files, how a worker is started, and what it promises."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
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
from wagate.domain.ids import SessionId
from wagate.ports.device import CarriesDevices, LinkedDevice
from wagate.ports.engine import Connection, Engine, EngineCosts, EngineFeatures, EngineWords, Line
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

WORDS: Final = EngineWords(
    summary="WhatsApp Web through neonize (whatsmeow), whose protocol code thousands run",
    costs=EngineCosts(
        memory="some 65 MB a session",
        processes="one for each session, because its library can end the process that it is in",
        installation="`pip install 'wagate[neonize]'`, which contains GPL-3.0 code (licences.md)",
    ),
    unproven="The protocol code is whatsmeow's, which thousands run on the live service; wagate's use of it was shown "
    "on the emulator only. Its process was killed again and again under load (`python -m "
    "bench.crash_neonize`): of 2,200 messages out in 70 kills none was doubled or falsely called sent, and 14"
    " were unknown. whatsmeow drops a message that it had decrypted and not acknowledged when it died: 0.4 to"
    " 2 with each kill on an overloaded machine (69 of 3,201 in all), none of 5,563 in 15 kills on a quieter "
    "one. Each kill was told as a gap. All kinds of message carry a secret by which their fate is found, also those to "
    "which WhatsApp's own apps give none, such as reactions; the emulator's phones and Baileys do not mind.",
    limits="neonize 0.5.2 has no call for who may add people to a group (whatsmeow's `SetGroupMemberAddMode`), for the "
    "approval of new members (`SetGroupJoinApprovalMode`) or for deciding about requests to join "
    "(`UpdateGroupRequestParticipants`): these are refused, in what it tells of a group both settings count as "
    "off, and requests to join are not told. It tells when a group was made to two minutes at best, and of people "
    "whom somebody else adds or removes one address only. Whether a link led into a group or into its waiting "
    "room is learned by asking for the group. whatsmeow holds a file whole to send it: a process that had 98 MB "
    "had 431 at most while it sent 100 MB, and 331 some seconds later, so files of more than 256 MB are refused; "
    "its first media host is the only one that it tries. Files that arrive are fetched by the gateway, of any "
    "size, from mmg.whatsapp.net, through the session's proxy and not through one that only the environment "
    "names. A file that WhatsApp's hosts have no more is `expired`: there is no call to ask the phone for it. "
    "Secrets of polls stay behind when a session moves: a vote in an older poll is told without its choice. "
    "Nothing is written into the app state (chats, stars, names): neonize's `SendAppState` hands whatsmeow a patch "
    "without the name of its collection, which WhatsApp cannot take. None of whatsmeow's events about it is passed "
    "on: that a chat was archived, pinned or muted, and what a person is called in the address book, is found in "
    "whatsmeow's file within seconds; that a chat was marked read or unread, cleared or deleted, that a message has "
    "a star or was deleted for us alone (`MarkChatAsRead`, `ClearChat`, `DeleteChat`, `Star`, `DeleteForMe`), and "
    "that a name was removed, is not. What the phone tells of the past after pairing is read; a part that whatsmeow "
    "has confirmed and not handed over when its process dies is not told again. Nobody can ask for older messages: "
    "there is no call for whatsmeow's `SendPeerMessage`. A history that has 20 MB costs its process 110 MB more. "
    "No call says whom a status post is for: whatsmeow sends one to the contacts in its own file, as the account's "
    "privacy setting (`GetStatusPrivacy`) has it, and neonize's `send_message` has no place for an audience "
    "(`SendRequestExtra` has none either), so posts are refused; those of others and of our own phone come in. "
    "neonize's `set_disappearing_timer` dates what it sets in a chat with a person at 1970, so the gateway has the "
    "same message sent with the time. "
    "Pictures can be shown and replaced, but not taken away: neonize's `set_group_photo` hands "
    "no picture on as an empty one, where whatsmeow's `SetGroupPhoto` wants none at all. It "
    "passes on none of whatsmeow's events `UserAbout`, `PushName` and `CallReject`, so an about that somebody changes "
    "is learned by asking, a name with the next message, and a call that another device turned down when the server "
    "says that it is over; of a changed picture it does not tell the id, of an about not since when; whatsmeow itself "
    "has no event for another number. It shows nobody online before the phone's app state has told the account's "
    "name, a moment after linking: we wait for it, 10 s at most. Who writes or is there is told as it happens and "
    "kept nowhere. Typing of a kind that neonize does not know ends its event loop: the process is replaced, a gap "
    "is told, and typing is not listened to for an hour.",
    module="neonize",
)

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
        """See `WORDS`."""
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
        return store.holdable(device)

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
