"""The only module that touches neonize. ``Any`` is allowed here, and nowhere else in this engine.

neonize's own ``connect`` is passed over: it waits by polling, prints QR codes and parses events before anybody can keep
their bytes. ``Neonize`` in its library is called as neonize 0.5.2 calls it, with callbacks of ours.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

import pylibmagic  # noqa: F401 - brings the libmagic that neonize wants, where the system has none
from neonize import _binder as binder
from neonize.client import NewClient
from neonize.proto import Neonize_pb2 as pb
from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import ContextInfo, ExtendedTextMessage, Message
from neonize.utils.enum import ClientType, ReceiptType
from typing_extensions import override

from wagate.adapters.engines.neonize.link.messages import Event, LineEvent, Post
from wagate.adapters.engines.neonize.worker import events
from wagate.adapters.engines.neonize.worker.line import Accepted, Library, Line, LineUnavailable, Listener, Refused

PARAMETERS: Final = 17
"""Parameters of the library's ``Neonize``: another number is another version, and nothing here may be believed."""

_LOG_LEVEL: Final = b"INFO"

SUBSCRIBED: Final = bytes((2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 26, 27, 44))
"""The kinds of event that are asked for; the numbers are neonize's (``events.EVENT_TO_INT``)."""


class Neonize(Library):
    """neonize, as the worker's library."""

    @override
    def open(self, database: str, device_name: str, platform: str, listener: Listener) -> Line:
        """A client on a database."""
        if len(binder.gocode.Neonize.argtypes or ()) != PARAMETERS:
            raise LineUnavailable("this version of neonize is not supported; install neonize 0.5.2")
        return NeonizeLine(database, device_name, platform, listener)

    @override
    def read_kept(self, kind: int, value: bytes, *, offline: bool) -> Event:
        """What an event says."""
        return events.read_kept(kind, value, offline=offline)

    @override
    def read_line(self, kind: int, value: bytes) -> LineEvent | None:
        """What an event says about the line."""
        return events.read_line(kind, value)


class NeonizeLine(Line):
    """The one client of this process."""

    def __init__(self, database: str, device_name: str, platform: str, listener: Listener) -> None:
        """``database`` is the file's path; ``platform`` a word of whatsmeow's ``DeviceProps.PlatformType``.

        Raises ValueError for an unknown platform.
        """
        self._database = database
        self._listener = listener
        self._props = DeviceProps(os=device_name, platformType=DeviceProps.PlatformType.Value(platform.upper()))
        self._client = NewClient(database, uuid=database, props=self._props)
        self._callbacks: tuple[Any, ...] = ()

    @override
    def run(self, proxy: str) -> str:
        """Connect and stay; returns whatsmeow's reason for ending, or nothing. Blocks its thread."""
        subscribed = ctypes.create_string_buffer(SUBSCRIBED, len(SUBSCRIBED))
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
            len(SUBSCRIBED),
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
        """Send a text and wait for the server's ack, 75 s at most. Raises Refused."""
        message = _message_of(post)
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
    def mark_read(self, chat: str, sender: str, ids: tuple[str, ...]) -> None:
        """Send read receipts. Raises Refused."""
        try:
            self._client.mark_read(*ids, chat=_jid(chat), sender=_jid(sender), receipt=ReceiptType.READ)
        except Exception as error:
            raise Refused(str(error)) from error

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
    """A text as protobuf. The secret is the tag by which its fate can be learned later."""
    message = Message()
    if post.quoted_id or post.mentions:
        context = ContextInfo(mentionedJID=post.mentions)
        if post.quoted_id:
            context.stanzaID = post.quoted_id
            context.participant = post.quoted_sender
            context.quotedMessage.conversation = post.quoted_text
        message.extendedTextMessage.CopyFrom(ExtendedTextMessage(text=post.text, contextInfo=context))
    else:
        message.conversation = post.text
    message.messageContextInfo.messageSecret = bytes.fromhex(post.tag)
    return message
