"""The only module that has neonize's client. ``Any`` is allowed in the modules that it hands it to, and nowhere else.

neonize's own ``connect`` is passed over: it waits by polling, prints QR codes and parses events before anybody can keep
their bytes. ``Neonize`` in its library is called as neonize 0.5.2 calls it, with callbacks of ours.
"""

from __future__ import annotations

import base64
import ctypes
from pathlib import Path
from typing import Any, Final

import pylibmagic  # noqa: F401 - brings the libmagic that neonize wants, where the system has none
from google.protobuf.message import DecodeError
from neonize import _binder as binder
from neonize.client import NewClient
from neonize.proto import Neonize_pb2 as pb
from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message
from neonize.utils.enum import (
    ChatPresence,
    ChatPresenceMedia,
    ClientType,
    MediaType,
    ParticipantChange,
)
from typing_extensions import override

from wagate.adapters.engines.neonize.link.messages import Ask, Event, LineEvent, Post, Shipped
from wagate.adapters.engines.neonize.link.people import PresenceTold
from wagate.adapters.engines.neonize.worker import events, groups, manners
from wagate.adapters.engines.neonize.worker.line import (
    HISTORY,
    Accepted,
    InGroups,
    Library,
    Line,
    LineUnavailable,
    Listener,
    Refused,
    WithPeople,
)
from wagate.adapters.engines.neonize.worker.mutes import heard
from wagate.adapters.engines.neonize.worker.people import People, words_of
from wagate.domain.session import HistoryPolicy

PARAMETERS: Final = 17
"""Parameters of the library's ``Neonize``: another number is another version, and nothing here may be believed."""

_LOG_LEVEL: Final = b"INFO"

_NS: Final = 1_000_000_000
"""Nanoseconds in a second: neonize hands a timer on as Go counts it."""

_MEDIA: Final = {
    "image": MediaType.MediaImage,
    "video": MediaType.MediaVideo,
    "audio": MediaType.MediaAudio,
    "document": MediaType.MediaDocument,
    "sticker": MediaType.MediaImage,  # whatsmeow has no kind of its own for them: they have the keys of images
}

SUBSCRIBED: Final = bytes(
    (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 19, 20, 21, 22, 23, 26, 27, 30, 36, 37, 40, 42, 44)
)
"""The kinds of event that are asked for; the numbers are neonize's (``events.EVENT_TO_INT``)."""


class Neonize(Library):
    """neonize, as the worker's library."""

    @override
    def open(self, database: str, device_name: str, platform: str, listener: Listener, history: str) -> Line:
        """A client on a database."""
        if len(binder.gocode.Neonize.argtypes or ()) != PARAMETERS:
            raise LineUnavailable("this version of neonize is not supported; install neonize 0.5.2")
        return NeonizeLine(database, device_name, platform, listener, history)

    @override
    def read_kept(self, kind: int, value: bytes, *, offline: bool) -> Event:
        """What an event says."""
        return events.read_kept(kind, value, offline=offline)

    @override
    def read_seen(self, kind: int, value: bytes) -> PresenceTold | None:
        """What an event says of who is there."""
        return events.read_seen(kind, value)

    @override
    def read_line(self, kind: int, value: bytes) -> LineEvent | None:
        """What an event says about the line."""
        return events.read_line(kind, value)


class NeonizeLine(Line):
    """The one client of this process."""

    def __init__(self, database: str, device_name: str, platform: str, listener: Listener, history: str) -> None:
        """``database`` is the file's path; ``platform`` a word of whatsmeow's ``DeviceProps.PlatformType``.

        ``history``: see `Library.open`.

        Raises ValueError for an unknown platform.
        """
        self._database = database
        self._listener = listener
        self._props = DeviceProps(
            os=device_name,
            platformType=DeviceProps.PlatformType.Value(platform.upper()),
            requireFullSync=history == HistoryPolicy.FULL,
        )
        self._subscribed = SUBSCRIBED if history == HistoryPolicy.NONE else SUBSCRIBED + bytes((HISTORY,))
        self._client = NewClient(database, uuid=database, props=self._props)
        self._people = People(self._client, _jid)
        self._callbacks: tuple[Any, ...] = ()

    @override
    def run(self, proxy: str) -> str:
        """Connect and stay; returns whatsmeow's reason for ending, or nothing. Blocks its thread."""
        kinds = heard(Path(self._database).parent, self._subscribed)
        subscribed = ctypes.create_string_buffer(kinds, len(kinds))
        props = self._props.SerializeToString()
        settings = binder.ProxySettings(proxy_address=proxy)._to_c_struct() if proxy else None
        # Go calls these as long as the client lives: they must not be collected before.
        self._callbacks = (
            binder.func_string(self._on_qr),
            binder.func_string(self._on_pairing_end),
            binder.func_callback_bytes(self._on_event),
            binder.func_callback_bytes2(self._on_log),
            subscribed,
            settings,
        )
        on_qr, on_end, on_event, on_log, _, _ = self._callbacks
        reason = binder.gocode.Neonize(
            self._database.encode(),
            self._client.uuid,
            b"",
            0,
            0,
            _LOG_LEVEL,
            on_qr,
            on_end,
            on_event,
            on_log,
            subscribed,
            len(kinds),
            props,
            len(props),
            b"",
            0,
            None if settings is None else ctypes.byref(settings),
        )
        return _text(reason)

    @override
    def disconnect(self) -> None:
        """Hang up; what whatsmeow has taken in still comes as events. Only while `run` runs."""
        self._client.disconnect()

    @override
    def send(self, post: Post) -> Accepted:
        """Send a plaintext and wait for the server's ack, 75 s at most. Raises Refused."""
        try:
            message = _message_of(post)
        except (DecodeError, ValueError) as error:  # never handed to whatsmeow, so the verdict knows these words
            raise Refused(f"failed to marshal message: {type(error).__name__}") from error
        try:
            answer = self._client.send_message(_jid(post.to), message)
        except Exception as error:  # neonize has a class per call; the text is what tells
            raise Refused(str(error)) from error
        return Accepted(answer.ID, answer.Timestamp)

    @override
    def knows(self, phone: str) -> bool:
        """Whether this phone address has an account. Raises Refused."""
        try:
            if self._client.get_lid_from_pn(_jid(phone)).User:
                return True
            answers = self._client.is_on_whatsapp("+" + phone.partition("@")[0])
        except Exception as error:
            raise Refused(str(error)) from error
        return any(answer.IsIn for answer in answers)

    @override
    def reaches(self, recipient: str, failed: frozenset[str]) -> bool:
        """Whether a person has a device besides these (``user:device@server``), as far as whatsmeow knows."""
        if not recipient.endswith(("@s.whatsapp.net", "@lid")):
            return True
        try:
            devices = self._client.get_user_devices(_jid(recipient))
            lid = self._client.get_lid_from_pn(_jid(recipient)).User if recipient.endswith("s.whatsapp.net") else ""
        except Exception:  # neonize raises one class per call; who cannot be asked counts as reached
            return True
        users = {recipient.partition("@")[0], lid}
        lost = sum(address.partition("@")[0].partition(":")[0].partition(".")[0] in users for address in failed)
        return lost < len(devices)

    @override
    def pairing_code(self, phone: str) -> str:
        """A code to type into the phone. Raises Refused."""
        try:
            return str(self._client.PairPhone(phone.partition("@")[0], True, client_type=ClientType.CHROME))
        except Exception as error:
            raise Refused(str(error)) from error

    @override
    def in_manners(self, ask: Ask) -> None:
        """Send receipts, or set a timer. Raises Refused."""
        try:
            manners.do(self._client, ask, self._known_as)
        except Exception as error:
            raise Refused(str(error)) from error

    @override
    def show_typing(self, chat: str, activity: str) -> None:
        """Show in a chat that we are composing or recording, or have paused. Raises Refused."""
        is_paused, media = activity == "paused", ChatPresenceMedia
        state = ChatPresence.CHAT_PRESENCE_PAUSED if is_paused else ChatPresence.CHAT_PRESENCE_COMPOSING
        what = media.CHAT_PRESENCE_MEDIA_AUDIO if activity == "recording" else media.CHAT_PRESENCE_MEDIA_TEXT
        try:
            self._client.send_chat_presence(self._known_as(chat), state, what)
        except Exception as error:
            raise Refused(str(error)) from error

    @override
    def in_groups(self, ask: Ask) -> InGroups:
        """Do something with groups. Raises Refused."""
        try:
            return self._in_groups(ask)
        except Exception as error:  # neonize has a class per call; the text is what tells
            raise Refused(str(error)) from error

    def _in_groups(self, ask: Ask) -> InGroups:
        """neonize 0.5.2 has no call for who may add people, for approval, or for what becomes of requests to join."""
        client, group = self._client, _jid(ask.subject)
        match ask.what:
            case "groups":
                return InGroups(groups=tuple(groups.group(info) for info in client.get_joined_groups()))
            case "group":
                return InGroups(groups=(groups.group(client.get_group_info(group)),))
            case "create":
                info = client.create_group(ask.text, [_jid(person) for person in ask.ids])
                return InGroups(groups=(groups.group(info),), members=groups.members(info.Participants))
            case "add" | "remove" | "promote" | "demote":
                people = [self._known_as(person) for person in ask.ids]
                told = client.update_group_participants(group, people, ParticipantChange(ask.what))
                return InGroups(members=groups.members(told))
            case "picture":
                return InGroups(client.set_group_photo(group, base64.b64decode(ask.text, validate=True)))
            case "link" | "new_link":
                return InGroups(client.get_group_invite_link(group, ask.what == "new_link"))
            case "behind":
                return InGroups(groups=(groups.group(client.get_group_info_from_link(ask.text)),))
            case "join":
                return InGroups(groups.bare(client.join_group_with_link(ask.text)))
        self._change_group(group, ask)
        return InGroups()

    def _change_group(self, group: Any, ask: Ask) -> None:
        client, is_on = self._client, ask.text == "on"
        match ask.what:
            case "rename":
                client.set_group_name(group, ask.text)
            case "describe":
                client.set_group_topic(group, "", "", ask.text)
            case "announce":
                client.set_group_announce(group, is_on)
            case "lock":
                client.set_group_locked(group, is_on)
            case "expire":
                client.set_disappearing_timer(group, int(ask.text) * _NS)
            case "leave":
                client.leave_group(group)
            case _:
                raise Refused(f"there is no errand {ask.what!r}")

    def _known_as(self, address: str) -> Any:
        """A person's LID, where whatsmeow knows it: groups and chats are under it. Other addresses stay as they are."""
        jid = _jid(address)
        if jid.Server != "s.whatsapp.net":
            return jid
        lid = self._client.get_lid_from_pn(jid)
        return _jid(f"{lid.User}@{lid.Server}") if lid.User else jid

    @override
    def with_people(self, ask: Ask) -> WithPeople:
        """Do something with people. Raises Refused."""
        try:
            return self._people.do(ask)
        except Exception as error:
            raise Refused(words_of(error)) from error

    @override
    def upload(self, file: Path, kind: str) -> Shipped:
        """Encrypt a file and leave it on a host. whatsmeow holds it whole, several times over. Raises Refused, OSError.

        neonize copies it out of our memory, so that ours can be freed as soon as the call has ended.
        """
        content = file.read_bytes()
        try:
            told = self._client.upload(content, _MEDIA[kind])
        except Exception as error:
            raise Refused(str(error)) from error
        return Shipped(
            url=told.url,
            direct_path=told.DirectPath,
            media_key=told.MediaKey.hex(),
            sha256=told.FileSHA256.hex(),
            enc_sha256=told.FileEncSHA256.hex(),
            size=told.FileLength,
        )

    @override
    def log_out(self) -> None:
        """Unlink this device; whatsmeow deletes its keys. Raises Refused."""
        try:
            self._client.logout()
        except Exception as error:
            raise Refused(str(error)) from error

    # ---- callbacks: ctypes loses what they raise

    def _on_qr(self, _uuid: int, text: int) -> None:
        self._listener.on_qr(ctypes.string_at(text).decode("utf-8", "replace"))

    def _on_pairing_end(self, _uuid: int, word: int) -> None:
        self._listener.on_pairing_end(ctypes.string_at(word).decode("utf-8", "replace"))

    def _on_event(self, _uuid: bytes, value: int, size: int, kind: int) -> None:
        self._listener.on_event(kind, ctypes.string_at(value, size) if size else b"")

    def _on_log(self, entry: int, size: int) -> None:
        try:
            line = pb.LogEntry.FromString(ctypes.string_at(entry, size))
        except Exception:  # a log line that cannot be read says nothing; raising into Go would only lose it
            return
        self._listener.on_log(line.Level, line.Name, line.Message)


def _text(pointer: Any) -> str:
    if isinstance(pointer, bytes):
        return pointer.decode("utf-8", "replace")
    return ctypes.string_at(pointer).decode("utf-8", "replace") if pointer else ""


def _jid(address: str) -> Any:
    user, _, server = address.rpartition("@")
    return pb.JID(User=user, RawAgent=0, Device=0, Integrator=0, Server=server, IsEmpty=False)


def _message_of(post: Post) -> Any:
    """The plaintext as protobuf. The secret is the tag by which its fate can be learned later."""
    message = Message.FromString(base64.b64decode(post.body, validate=True))
    message.messageContextInfo.messageSecret = bytes.fromhex(post.tag)
    return message
