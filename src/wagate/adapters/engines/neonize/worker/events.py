"""neonize's events in the words of the link. Beside ``binding`` the only module that sees neonize's types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError
from neonize.proto import Neonize_pb2 as pb

from wagate.adapters.engines.neonize.link.messages import (
    Arrived,
    Event,
    LineEvent,
    Linked,
    Nothing,
    Receipt,
    Unreadable,
)
from wagate.adapters.engines.neonize.worker.line import (
    DEVICE,
    KEPT,
    MESSAGE,
    RECEIPT,
    UNDECRYPTABLE,
    EventUnreadable,
)

PAIRING: Final = 2
CONNECTED: Final = 3


def read_kept(kind: int, value: bytes, *, offline: bool) -> Event:
    """What a kept event says. Raises EventUnreadable."""
    if kind not in KEPT:
        raise EventUnreadable(f"there is no event of kind {kind}")
    try:
        if kind == MESSAGE:
            return _message(pb.Message.FromString(value), offline)
        return _KEPT[kind](value)
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

_WRAPPERS: Final = ("deviceSentMessage", "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "editedMessage")
_KINDS: Final = {
    "imageMessage": "image",
    "videoMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "documentWithCaptionMessage": "document",
    "stickerMessage": "sticker",
    "contactMessage": "contact",
    "contactsArrayMessage": "contact",
    "locationMessage": "location",
    "liveLocationMessage": "location",
    "reactionMessage": "reaction",
    "pollCreationMessage": "poll",
    "pollCreationMessageV2": "poll",
    "pollCreationMessageV3": "poll",
    "pollUpdateMessage": "poll_vote",
}
_PROTOCOL_KINDS: Final = {0: "revoke", 14: "edit"}
"""Numbers of ``ProtocolMessage.Type``; the others are housekeeping."""

_SILENT: Final = frozenset(
    {"senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage", "messageContextInfo"}
)


def _message(told: Any, offline: bool) -> Event:
    body = _unwrapped(told.Message)
    text, kind, context = _said(body)
    if text is None and not kind:
        return Nothing()
    source = told.Info.MessageSource
    chat, sender = _bare(source.Chat), _bare(source.Sender)
    sender_alt = _bare(source.SenderAlt)
    return Arrived(
        wa_id=told.Info.ID,
        chat=chat,
        sender=sender,
        from_me=bool(source.IsFromMe),
        timestamp=int(told.Info.Timestamp) // 1000,
        text=text or "",
        kind=kind,
        mentions=tuple(str(mention) for mention in context.mentionedJID) if context is not None else (),
        chat_alt=_chat_alt(source, chat, sender, sender_alt),
        sender_alt=sender_alt,
        push_name=str(told.Info.Pushname),
        quoted_id=str(context.stanzaID) if context is not None else "",
        quoted_sender=_without_device(context.participant) if context is not None else "",
        quoted_text=(_said(context.quotedMessage)[0] or "") if context is not None else "",
        offline=offline,
    )


def _chat_alt(source: Any, chat: str, sender: str, sender_alt: str) -> str:
    if source.IsGroup:
        return ""
    return _bare(source.RecipientAlt) if source.IsFromMe else (sender_alt if chat == sender else "")


def _unwrapped(body: Any) -> Any:
    for wrapper in _WRAPPERS:
        if body.HasField(wrapper):
            return _unwrapped(getattr(body, wrapper).message)
    return body


def _said(body: Any) -> tuple[str | None, str, Any]:
    """The text, or the kind of what is no text, and the context of either."""
    if body.HasField("conversation"):
        return str(body.conversation), "", None
    if body.HasField("extendedTextMessage"):
        extended = body.extendedTextMessage
        return str(extended.text), "", extended.contextInfo
    if body.HasField("protocolMessage"):
        return None, _PROTOCOL_KINDS.get(int(body.protocolMessage.type), ""), None
    named = [field.name for field, _ in body.ListFields() if field.name not in _SILENT]
    known = next((_KINDS[name] for name in named if name in _KINDS), None)
    return None, known or ("unknown" if named else ""), None


def _receipt(told: Any) -> Event:
    kind = _RECEIPTS.get(int(told.Type))
    source = told.MessageSource
    if kind is None or source.IsFromMe:
        return Nothing()
    return Receipt(
        kind, tuple(map(str, told.MessageIDs)), _bare(source.Chat), _bare(source.Sender), int(told.Timestamp)
    )


_RECEIPTS: Final = {
    int(pb.Receipt.DELIVERED): "delivered",
    int(pb.Receipt.READ): "read",
    int(pb.Receipt.PLAYED): "played",
    int(pb.Receipt.RETRY): "retry",
}


def _undecryptable(told: Any) -> Event:
    source = told.Info.MessageSource
    return Unreadable(told.Info.ID, _bare(source.Chat), _bare(source.Sender), int(told.Info.Timestamp) // 1000)


def _device(told: Any) -> Event:
    device = f"{told.JID.User}:{told.JID.Device}@{told.JID.Server}"
    return Linked(device, _bare(told.LID), str(told.PushName), str(told.Platform))


def _bare(jid: Any) -> str:
    return f"{jid.User}@{jid.Server}" if jid.User else ""


def _without_device(address: str) -> str:
    user, _, server = address.rpartition("@")
    return f"{user.partition(':')[0]}@{server}" if user else ""


_KEPT: Final[Mapping[int, Callable[[bytes], Event]]] = {
    DEVICE: lambda value: _device(pb.Device.FromString(value)),
    RECEIPT: lambda value: _receipt(pb.Receipt.FromString(value)),
    UNDECRYPTABLE: lambda value: _undecryptable(pb.UndecryptableMessage.FromString(value)),
}
