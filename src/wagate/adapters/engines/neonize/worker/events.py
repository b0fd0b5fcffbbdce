"""neonize's events in the words of the link. Beside ``binding`` and ``manners`` no other module sees its types."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError
from neonize.proto import Neonize_pb2 as pb

from wagate.adapters.engines.neonize.link.manners import ReadByUs
from wagate.adapters.engines.neonize.link.messages import (
    Arrived,
    Event,
    LineEvent,
    Linked,
    Nothing,
    Receipt,
    Unreadable,
)
from wagate.adapters.engines.neonize.link.people import PresenceTold
from wagate.adapters.engines.neonize.worker import groups, people
from wagate.adapters.engines.neonize.worker.groups import bare
from wagate.adapters.engines.neonize.worker.line import (
    BLOCKLIST,
    CALL_ACCEPT,
    CALL_END,
    CALL_NOTICE,
    CALL_OFFER,
    CALLS,
    DEVICE,
    GROUP_CHANGED,
    GROUP_ENTERED,
    KEPT,
    MESSAGE,
    PICTURE,
    PRESENCE,
    RECEIPT,
    UNDECRYPTABLE,
    EventUnreadable,
)

_UPPER: Final = re.compile("[A-Z]")

PAIRING: Final = 2
CONNECTED: Final = 3


def read_kept(kind: int, value: bytes, *, offline: bool) -> Event:
    """What a kept event says. Raises EventUnreadable."""
    if kind not in KEPT:
        raise EventUnreadable(f"there is no event of kind {kind}")
    try:
        if kind == MESSAGE:
            return _message(pb.Message.FromString(value), offline)
        if kind in CALLS:
            return _CALLS[kind](value, offline=offline)
        return _KEPT[kind](value)
    except (DecodeError, ValueError) as error:
        raise EventUnreadable(f"an event of kind {kind} cannot be read: {type(error).__name__}") from error


def read_seen(kind: int, value: bytes) -> PresenceTold | None:
    """What an event says of who is there, if anything. Raises EventUnreadable."""
    try:
        return people.presence(value) if kind == PRESENCE else people.typing(value)
    except (DecodeError, ValueError) as error:
        raise EventUnreadable(f"an event of kind {kind} cannot be read: {type(error).__name__}") from error


def read_line(kind: int, value: bytes) -> LineEvent | None:
    """What an event says about the line, if anything. Raises EventUnreadable."""
    reader = _LINE.get(kind)
    if reader is None:
        return None
    try:
        return reader(value)
    except (DecodeError, ValueError) as error:
        raise EventUnreadable(f"an event of kind {kind} cannot be read: {type(error).__name__}") from error


# ---- about the line


def _pairing(value: bytes) -> LineEvent:
    told = pb.PairStatus.FromString(value)
    return LineEvent("pairing_failed", detail=told.Error) if told.Status == pb.PairStatus.ERROR else LineEvent("paired")


def _ban(value: bytes) -> LineEvent:
    told = pb.TemporaryBan.FromString(value)
    return LineEvent("banned", int(told.Code), f"{_ban_reason(told)}, for {told.Expire} s")


def _ban_reason(told: Any) -> str:
    return str(pb.TemporaryBan.TempBanReason.Name(told.Code)).lower().replace("_", " ")


def _logged_out(value: bytes) -> LineEvent:
    told = pb.LoggedOut.FromString(value)
    return LineEvent("refused" if told.OnConnect else "removed", int(told.Reason), _failure_name(told.Reason))


def _failure(value: bytes) -> LineEvent:
    told = pb.ConnectFailure.FromString(value)
    return LineEvent("failure", int(told.Reason), f"{_failure_name(told.Reason)} {told.Message}".strip())


def _failure_name(reason: int) -> str:
    return str(pb.ConnectFailureReason.Name(reason)).lower().replace("_", " ")


def _says(what: str) -> Callable[[bytes], LineEvent]:
    return lambda _value: LineEvent(what)


_LINE: Final[Mapping[int, Callable[[bytes], LineEvent]]] = {
    PAIRING: _pairing,
    CONNECTED: _says("connected"),
    4: lambda value: LineEvent("silent", int(pb.KeepAliveTimeout.FromString(value).ErrorCount)),
    5: _says("alive"),
    6: _logged_out,
    7: _says("replaced"),
    8: _ban,
    9: _failure,
    10: _says("outdated"),
    11: lambda value: LineEvent("stream_error", detail=str(pb.StreamError.FromString(value).Code)),
    12: _says("disconnected"),
}

# ---- what is kept

_SILENT: Final = frozenset(
    {"senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage", "messageContextInfo"}
)
_TOLD: Final = (0, 3, 14)
"""Numbers of ``ProtocolMessage.Type`` that humans see something of: a deletion, a chat's timer, an edit."""

_ADMINS: Final = "8"
"""What the stanza of an admin's act on somebody else's message says (whatsmeow `types/message.go`)."""

MAX_BODY: Final = 2 << 20
"""Bytes of a plaintext that fit a frame of the link with room to spare; WhatsApp's own are a hundredth of that."""


def _message(told: Any, offline: bool) -> Event:
    named = [field.name for field, _ in told.Message.ListFields() if field.name not in _SILENT]
    if not named or (told.Message.HasField("protocolMessage") and told.Message.protocolMessage.type not in _TOLD):
        return Nothing()
    source = told.Info.MessageSource
    chat, sender = bare(source.Chat), bare(source.Sender)
    if not (told.Info.ID and chat and sender):
        raise ValueError("nobody said it")
    sender_alt = bare(source.SenderAlt)
    body = told.Message.SerializeToString()  # what neonize calls raw has been unwrapped as well
    return Arrived(
        wa_id=told.Info.ID,
        chat=chat,
        sender=sender,
        from_me=bool(source.IsFromMe),
        timestamp=int(told.Info.Timestamp) // 1000,
        body=base64.b64encode(body).decode() if len(body) <= MAX_BODY else "",
        kind=_UPPER.sub(lambda found: "_" + found[0].lower(), named[0].removesuffix("Message")),
        view_once=bool(told.IsViewOnce or told.IsViewOnceV2 or told.IsViewOnceV2Extension),
        by_admin=told.Info.Edit == _ADMINS,
        chat_alt=_chat_alt(source, chat, sender, sender_alt),
        sender_alt=sender_alt,
        push_name=str(told.Info.Pushname),
        offline=offline,
    )


def _chat_alt(source: Any, chat: str, sender: str, sender_alt: str) -> str:
    if source.IsGroup:
        return ""
    return bare(source.RecipientAlt) if source.IsFromMe else (sender_alt if chat == sender else "")


def _receipt(told: Any) -> Event:
    kind = _RECEIPTS.get(int(told.Type))
    source = told.MessageSource
    if source.IsFromMe and int(told.Type) in _READ_BY_US:
        return ReadByUs(tuple(map(str, told.MessageIDs)), bare(source.Chat))
    if kind is None or source.IsFromMe:
        return Nothing()
    return Receipt(
        kind,
        tuple(map(str, told.MessageIDs)),
        bare(source.Chat),
        bare(source.Sender),
        int(told.Timestamp),
    )


_RECEIPTS: Final = {
    int(pb.Receipt.DELIVERED): "delivered",
    int(pb.Receipt.READ): "read",
    int(pb.Receipt.PLAYED): "played",
    int(pb.Receipt.RETRY): "retry",
}


_READ_BY_US: Final = frozenset({int(pb.Receipt.READ), int(pb.Receipt.READ_SELF)})
"""What our other devices say when they have read something (whatsmeow `receipt.go`)."""


def _undecryptable(told: Any) -> Event:
    source = told.Info.MessageSource
    return Unreadable(told.Info.ID, bare(source.Chat), bare(source.Sender), int(told.Info.Timestamp) // 1000)


def _device(told: Any) -> Event:
    device = f"{told.JID.User}:{told.JID.Device}@{told.JID.Server}"
    return Linked(device, bare(told.LID), str(told.PushName), str(told.Platform))


_KEPT: Final[Mapping[int, Callable[[bytes], Event]]] = {
    DEVICE: lambda value: _device(pb.Device.FromString(value)),
    RECEIPT: lambda value: _receipt(pb.Receipt.FromString(value)),
    GROUP_ENTERED: lambda value: groups.entered(pb.JoinedGroup.FromString(value)),
    GROUP_CHANGED: lambda value: groups.changed(pb.GroupInfoEvent.FromString(value)),
    UNDECRYPTABLE: lambda value: _undecryptable(pb.UndecryptableMessage.FromString(value)),
    PICTURE: people.picture,
    BLOCKLIST: people.blocklist,
}

_CALLS: Final = {
    CALL_OFFER: people.offer,
    CALL_NOTICE: people.offer_notice,
    CALL_ACCEPT: people.accept,
    CALL_END: people.terminate,
}
