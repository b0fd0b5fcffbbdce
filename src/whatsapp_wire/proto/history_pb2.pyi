from whatsapp_wire.proto import message_pb2 as _message_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HistorySyncNotification(_message.Message):
    __slots__ = ("file_sha256", "file_length", "media_key", "file_enc_sha256", "direct_path", "sync_type", "chunk_order", "original_message_id", "progress", "oldest_msg_in_chunk_timestamp_sec", "initial_hist_bootstrap_inline_payload", "peer_data_request_session_id")
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    SYNC_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_ORDER_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    OLDEST_MSG_IN_CHUNK_TIMESTAMP_SEC_FIELD_NUMBER: _ClassVar[int]
    INITIAL_HIST_BOOTSTRAP_INLINE_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    PEER_DATA_REQUEST_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    file_sha256: bytes
    file_length: int
    media_key: bytes
    file_enc_sha256: bytes
    direct_path: str
    sync_type: int
    chunk_order: int
    original_message_id: str
    progress: int
    oldest_msg_in_chunk_timestamp_sec: int
    initial_hist_bootstrap_inline_payload: bytes
    peer_data_request_session_id: str
    def __init__(self, file_sha256: _Optional[bytes] = ..., file_length: _Optional[int] = ..., media_key: _Optional[bytes] = ..., file_enc_sha256: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., sync_type: _Optional[int] = ..., chunk_order: _Optional[int] = ..., original_message_id: _Optional[str] = ..., progress: _Optional[int] = ..., oldest_msg_in_chunk_timestamp_sec: _Optional[int] = ..., initial_hist_bootstrap_inline_payload: _Optional[bytes] = ..., peer_data_request_session_id: _Optional[str] = ...) -> None: ...

class PeerDataOperationRequest(_message.Message):
    __slots__ = ("type", "history_sync_on_demand")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        HISTORY_SYNC_ON_DEMAND: _ClassVar[PeerDataOperationRequest.Type]
    HISTORY_SYNC_ON_DEMAND: PeerDataOperationRequest.Type
    class HistorySyncOnDemand(_message.Message):
        __slots__ = ("chat_jid", "oldest_msg_id", "oldest_msg_from_me", "on_demand_msg_count", "oldest_msg_timestamp_ms")
        CHAT_JID_FIELD_NUMBER: _ClassVar[int]
        OLDEST_MSG_ID_FIELD_NUMBER: _ClassVar[int]
        OLDEST_MSG_FROM_ME_FIELD_NUMBER: _ClassVar[int]
        ON_DEMAND_MSG_COUNT_FIELD_NUMBER: _ClassVar[int]
        OLDEST_MSG_TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
        chat_jid: str
        oldest_msg_id: str
        oldest_msg_from_me: bool
        on_demand_msg_count: int
        oldest_msg_timestamp_ms: int
        def __init__(self, chat_jid: _Optional[str] = ..., oldest_msg_id: _Optional[str] = ..., oldest_msg_from_me: _Optional[bool] = ..., on_demand_msg_count: _Optional[int] = ..., oldest_msg_timestamp_ms: _Optional[int] = ...) -> None: ...
    TYPE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_SYNC_ON_DEMAND_FIELD_NUMBER: _ClassVar[int]
    type: int
    history_sync_on_demand: PeerDataOperationRequest.HistorySyncOnDemand
    def __init__(self, type: _Optional[int] = ..., history_sync_on_demand: _Optional[_Union[PeerDataOperationRequest.HistorySyncOnDemand, _Mapping]] = ...) -> None: ...

class WebMessageInfo(_message.Message):
    __slots__ = ("key", "message", "message_timestamp", "status", "participant", "push_name", "message_stub_type", "message_secret")
    KEY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    PUSH_NAME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_STUB_TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_SECRET_FIELD_NUMBER: _ClassVar[int]
    key: _message_pb2.MessageKey
    message: _message_pb2.Message
    message_timestamp: int
    status: int
    participant: str
    push_name: str
    message_stub_type: int
    message_secret: bytes
    def __init__(self, key: _Optional[_Union[_message_pb2.MessageKey, _Mapping]] = ..., message: _Optional[_Union[_message_pb2.Message, _Mapping]] = ..., message_timestamp: _Optional[int] = ..., status: _Optional[int] = ..., participant: _Optional[str] = ..., push_name: _Optional[str] = ..., message_stub_type: _Optional[int] = ..., message_secret: _Optional[bytes] = ...) -> None: ...

class HistorySyncMsg(_message.Message):
    __slots__ = ("message", "msg_order_id")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MSG_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    message: WebMessageInfo
    msg_order_id: int
    def __init__(self, message: _Optional[_Union[WebMessageInfo, _Mapping]] = ..., msg_order_id: _Optional[int] = ...) -> None: ...

class Conversation(_message.Message):
    __slots__ = ("id", "messages", "unread_count", "end_of_history_transfer_type", "name", "display_name", "pn_jid", "lid_jid")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    UNREAD_COUNT_FIELD_NUMBER: _ClassVar[int]
    END_OF_HISTORY_TRANSFER_TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    PN_JID_FIELD_NUMBER: _ClassVar[int]
    LID_JID_FIELD_NUMBER: _ClassVar[int]
    id: str
    messages: _containers.RepeatedCompositeFieldContainer[HistorySyncMsg]
    unread_count: int
    end_of_history_transfer_type: int
    name: str
    display_name: str
    pn_jid: str
    lid_jid: str
    def __init__(self, id: _Optional[str] = ..., messages: _Optional[_Iterable[_Union[HistorySyncMsg, _Mapping]]] = ..., unread_count: _Optional[int] = ..., end_of_history_transfer_type: _Optional[int] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., pn_jid: _Optional[str] = ..., lid_jid: _Optional[str] = ...) -> None: ...

class Pushname(_message.Message):
    __slots__ = ("id", "pushname")
    ID_FIELD_NUMBER: _ClassVar[int]
    PUSHNAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    pushname: str
    def __init__(self, id: _Optional[str] = ..., pushname: _Optional[str] = ...) -> None: ...

class PhoneNumberToLidMapping(_message.Message):
    __slots__ = ("pn_jid", "lid_jid")
    PN_JID_FIELD_NUMBER: _ClassVar[int]
    LID_JID_FIELD_NUMBER: _ClassVar[int]
    pn_jid: str
    lid_jid: str
    def __init__(self, pn_jid: _Optional[str] = ..., lid_jid: _Optional[str] = ...) -> None: ...

class HistorySync(_message.Message):
    __slots__ = ("sync_type", "conversations", "status_v3_messages", "chunk_order", "progress", "pushnames", "phone_number_to_lid_mappings")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INITIAL_BOOTSTRAP: _ClassVar[HistorySync.Type]
        INITIAL_STATUS_V3: _ClassVar[HistorySync.Type]
        FULL: _ClassVar[HistorySync.Type]
        RECENT: _ClassVar[HistorySync.Type]
        PUSH_NAME: _ClassVar[HistorySync.Type]
        NON_BLOCKING_DATA: _ClassVar[HistorySync.Type]
        ON_DEMAND: _ClassVar[HistorySync.Type]
    INITIAL_BOOTSTRAP: HistorySync.Type
    INITIAL_STATUS_V3: HistorySync.Type
    FULL: HistorySync.Type
    RECENT: HistorySync.Type
    PUSH_NAME: HistorySync.Type
    NON_BLOCKING_DATA: HistorySync.Type
    ON_DEMAND: HistorySync.Type
    SYNC_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    STATUS_V3_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    CHUNK_ORDER_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PUSHNAMES_FIELD_NUMBER: _ClassVar[int]
    PHONE_NUMBER_TO_LID_MAPPINGS_FIELD_NUMBER: _ClassVar[int]
    sync_type: int
    conversations: _containers.RepeatedCompositeFieldContainer[Conversation]
    status_v3_messages: _containers.RepeatedCompositeFieldContainer[WebMessageInfo]
    chunk_order: int
    progress: int
    pushnames: _containers.RepeatedCompositeFieldContainer[Pushname]
    phone_number_to_lid_mappings: _containers.RepeatedCompositeFieldContainer[PhoneNumberToLidMapping]
    def __init__(self, sync_type: _Optional[int] = ..., conversations: _Optional[_Iterable[_Union[Conversation, _Mapping]]] = ..., status_v3_messages: _Optional[_Iterable[_Union[WebMessageInfo, _Mapping]]] = ..., chunk_order: _Optional[int] = ..., progress: _Optional[int] = ..., pushnames: _Optional[_Iterable[_Union[Pushname, _Mapping]]] = ..., phone_number_to_lid_mappings: _Optional[_Iterable[_Union[PhoneNumberToLidMapping, _Mapping]]] = ...) -> None: ...
