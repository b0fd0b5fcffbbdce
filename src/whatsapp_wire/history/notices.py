"""The message in which a phone says that there is a history to read, and the one that asks it for more.

Facts: whatsmeow `message.go` (`handleHistorySyncNotification`), `send.go` (`BuildHistorySyncRequest`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from google.protobuf.message import DecodeError

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.message import mended
from whatsapp_wire.proto.history_pb2 import HistorySync, HistorySyncNotification, PeerDataOperationRequest
from whatsapp_wire.proto.message_pb2 import Message, ProtocolMessage

_HASH_SIZE: Final = 32


class HistoryKind(StrEnum):
    """What a history is about."""

    BOOTSTRAP = "bootstrap"
    """The newest messages of each chat, right after pairing."""

    STATUSES = "statuses"
    FULL = "full"
    RECENT = "recent"
    NAMES = "names"
    """How people call themselves."""

    OTHER = "other"
    """Settings and the like, and kinds that are newer than this package."""

    ON_DEMAND = "on_demand"
    """What was asked for."""


_KINDS: Final = {
    int(HistorySync.INITIAL_BOOTSTRAP): HistoryKind.BOOTSTRAP,
    int(HistorySync.INITIAL_STATUS_V3): HistoryKind.STATUSES,
    int(HistorySync.FULL): HistoryKind.FULL,
    int(HistorySync.RECENT): HistoryKind.RECENT,
    int(HistorySync.PUSH_NAME): HistoryKind.NAMES,
    int(HistorySync.NON_BLOCKING_DATA): HistoryKind.OTHER,
    int(HistorySync.ON_DEMAND): HistoryKind.ON_DEMAND,
}
_NUMBERS: Final = {kind: number for number, kind in _KINDS.items()}


def kind_of(number: int) -> HistoryKind:
    """The kind by its number in `HistorySync.sync_type`."""
    return _KINDS.get(number, HistoryKind.OTHER)


@dataclass(frozen=True, slots=True)
class HistoryNotice:
    """That there is a history: inside the message (``inline``), or as a file on the media hosts. Deflated in any case.

    ``chunk`` counts the histories of one kind; ``progress`` is in percent; ``request`` is the id of the message that
    asked for it, where one did and the phone says which.
    """

    kind: HistoryKind
    chunk: int = 0
    progress: int | None = None
    inline: bytes | None = field(default=None, repr=False)
    file: MediaFile | None = None
    request: str | None = None

    def message(self) -> Message:
        """The message that says so."""
        told = HistorySyncNotification(sync_type=_NUMBERS[self.kind], chunk_order=self.chunk, progress=self.progress)
        if self.inline is not None:
            told.initial_hist_bootstrap_inline_payload = self.inline
        if self.request is not None:
            told.peer_data_request_session_id = self.request
        if self.file is not None:
            secret = self.file.secret
            told.file_sha256, told.file_enc_sha256, told.media_key = secret.sha256, secret.enc_sha256, secret.media_key
            told.direct_path = self.file.direct_path
            if secret.size is not None:
                told.file_length = secret.size
        return Message(
            protocol_message=ProtocolMessage(
                type=ProtocolMessage.HISTORY_SYNC_NOTIFICATION, history_sync_notification=told.SerializeToString()
            )
        )


def parse_notice(told: bytes) -> HistoryNotice:
    """Read what stands in a message's `history_sync_notification`. Raises StanzaRefused."""
    try:
        found = mended(HistorySyncNotification.FromString(told))
    except DecodeError as error:
        raise StanzaRefused("the notice of a history is no protobuf") from error
    inline, file = None, None
    if found.HasField("initial_hist_bootstrap_inline_payload"):
        inline = found.initial_hist_bootstrap_inline_payload
    else:
        file = _file(found)
    return HistoryNotice(
        kind=kind_of(found.sync_type),
        chunk=found.chunk_order,
        progress=min(found.progress, 100) if found.HasField("progress") else None,
        inline=inline,
        file=file,
        request=found.peer_data_request_session_id or None,
    )


@dataclass(frozen=True, slots=True)
class OlderWanted:
    """A wish for ``count`` messages of a chat before one that is known.

    Its time is in ms since 1970, of which only whole seconds are told.
    """

    chat: Jid
    oldest_id: str
    oldest_from_me: bool
    oldest_at_ms: int
    count: int

    def message(self) -> Message:
        """The message that asks for them."""
        asked = PeerDataOperationRequest(
            type=PeerDataOperationRequest.HISTORY_SYNC_ON_DEMAND,
            history_sync_on_demand=PeerDataOperationRequest.HistorySyncOnDemand(
                chat_jid=str(self.chat),
                oldest_msg_id=self.oldest_id,
                oldest_msg_from_me=self.oldest_from_me,
                on_demand_msg_count=self.count,
                # In seconds, whatever the field is called (whatsmeow `send.go`).
                oldest_msg_timestamp_ms=self.oldest_at_ms // 1000,
            ),
        )
        return Message(
            protocol_message=ProtocolMessage(
                type=ProtocolMessage.PEER_DATA_OPERATION_REQUEST_MESSAGE,
                peer_data_operation_request_message=asked.SerializeToString(),
            )
        )


def parse_wish(protocol: ProtocolMessage) -> OlderWanted | None:
    """The wish in a message between own devices, if it is one. Raises StanzaRefused, MalformedJid."""
    if protocol.type != ProtocolMessage.PEER_DATA_OPERATION_REQUEST_MESSAGE:
        return None
    try:
        asked = PeerDataOperationRequest.FromString(protocol.peer_data_operation_request_message)
    except DecodeError as error:
        raise StanzaRefused("a request to the phone is no protobuf") from error
    if asked.type != PeerDataOperationRequest.HISTORY_SYNC_ON_DEMAND:
        return None
    wish = asked.history_sync_on_demand
    return OlderWanted(
        chat=Jid(wish.chat_jid),
        oldest_id=wish.oldest_msg_id,
        oldest_from_me=wish.oldest_msg_from_me,
        oldest_at_ms=wish.oldest_msg_timestamp_ms * 1000,
        count=wish.on_demand_msg_count,
    )


def _file(found: HistorySyncNotification) -> MediaFile | None:
    """Where the history is; None when the notice does not say enough to get or to check it."""
    sizes = (len(found.media_key), len(found.file_sha256), len(found.file_enc_sha256))
    if sizes != (MEDIA_KEY_SIZE, _HASH_SIZE, _HASH_SIZE) or not found.direct_path:
        return None
    size = found.file_length if found.HasField("file_length") else None
    secret = MediaSecret(MediaKind.HISTORY, found.media_key, found.file_sha256, found.file_enc_sha256, size)
    return MediaFile(secret, found.direct_path)
