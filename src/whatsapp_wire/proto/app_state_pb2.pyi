from whatsapp_wire.proto import message_pb2 as _message_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SyncdVersion(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class SyncdIndex(_message.Message):
    __slots__ = ("blob",)
    BLOB_FIELD_NUMBER: _ClassVar[int]
    blob: bytes
    def __init__(self, blob: _Optional[bytes] = ...) -> None: ...

class SyncdValue(_message.Message):
    __slots__ = ("blob",)
    BLOB_FIELD_NUMBER: _ClassVar[int]
    blob: bytes
    def __init__(self, blob: _Optional[bytes] = ...) -> None: ...

class KeyId(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    def __init__(self, id: _Optional[bytes] = ...) -> None: ...

class SyncdRecord(_message.Message):
    __slots__ = ("index", "value", "key_id")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    index: SyncdIndex
    value: SyncdValue
    key_id: KeyId
    def __init__(self, index: _Optional[_Union[SyncdIndex, _Mapping]] = ..., value: _Optional[_Union[SyncdValue, _Mapping]] = ..., key_id: _Optional[_Union[KeyId, _Mapping]] = ...) -> None: ...

class SyncdMutation(_message.Message):
    __slots__ = ("operation", "record")
    class SyncdOperation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SET: _ClassVar[SyncdMutation.SyncdOperation]
        REMOVE: _ClassVar[SyncdMutation.SyncdOperation]
    SET: SyncdMutation.SyncdOperation
    REMOVE: SyncdMutation.SyncdOperation
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    operation: SyncdMutation.SyncdOperation
    record: SyncdRecord
    def __init__(self, operation: _Optional[_Union[SyncdMutation.SyncdOperation, str]] = ..., record: _Optional[_Union[SyncdRecord, _Mapping]] = ...) -> None: ...

class SyncdMutations(_message.Message):
    __slots__ = ("mutations",)
    MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    mutations: _containers.RepeatedCompositeFieldContainer[SyncdMutation]
    def __init__(self, mutations: _Optional[_Iterable[_Union[SyncdMutation, _Mapping]]] = ...) -> None: ...

class ExternalBlobReference(_message.Message):
    __slots__ = ("media_key", "direct_path", "handle", "file_size_bytes", "file_sha256", "file_enc_sha256")
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    FILE_SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    media_key: bytes
    direct_path: str
    handle: str
    file_size_bytes: int
    file_sha256: bytes
    file_enc_sha256: bytes
    def __init__(self, media_key: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., handle: _Optional[str] = ..., file_size_bytes: _Optional[int] = ..., file_sha256: _Optional[bytes] = ..., file_enc_sha256: _Optional[bytes] = ...) -> None: ...

class SyncdSnapshot(_message.Message):
    __slots__ = ("version", "records", "mac", "key_id")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    version: SyncdVersion
    records: _containers.RepeatedCompositeFieldContainer[SyncdRecord]
    mac: bytes
    key_id: KeyId
    def __init__(self, version: _Optional[_Union[SyncdVersion, _Mapping]] = ..., records: _Optional[_Iterable[_Union[SyncdRecord, _Mapping]]] = ..., mac: _Optional[bytes] = ..., key_id: _Optional[_Union[KeyId, _Mapping]] = ...) -> None: ...

class SyncdPatch(_message.Message):
    __slots__ = ("version", "mutations", "external_mutations", "snapshot_mac", "patch_mac", "key_id", "device_index")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_MUTATIONS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_MAC_FIELD_NUMBER: _ClassVar[int]
    PATCH_MAC_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    version: SyncdVersion
    mutations: _containers.RepeatedCompositeFieldContainer[SyncdMutation]
    external_mutations: ExternalBlobReference
    snapshot_mac: bytes
    patch_mac: bytes
    key_id: KeyId
    device_index: int
    def __init__(self, version: _Optional[_Union[SyncdVersion, _Mapping]] = ..., mutations: _Optional[_Iterable[_Union[SyncdMutation, _Mapping]]] = ..., external_mutations: _Optional[_Union[ExternalBlobReference, _Mapping]] = ..., snapshot_mac: _Optional[bytes] = ..., patch_mac: _Optional[bytes] = ..., key_id: _Optional[_Union[KeyId, _Mapping]] = ..., device_index: _Optional[int] = ...) -> None: ...

class SyncActionData(_message.Message):
    __slots__ = ("index", "value", "padding", "version")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    index: bytes
    value: SyncActionValue
    padding: bytes
    version: int
    def __init__(self, index: _Optional[bytes] = ..., value: _Optional[_Union[SyncActionValue, _Mapping]] = ..., padding: _Optional[bytes] = ..., version: _Optional[int] = ...) -> None: ...

class SyncActionMessage(_message.Message):
    __slots__ = ("key", "timestamp")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    key: _message_pb2.MessageKey
    timestamp: int
    def __init__(self, key: _Optional[_Union[_message_pb2.MessageKey, _Mapping]] = ..., timestamp: _Optional[int] = ...) -> None: ...

class SyncActionMessageRange(_message.Message):
    __slots__ = ("last_message_timestamp", "last_system_message_timestamp", "messages")
    LAST_MESSAGE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    LAST_SYSTEM_MESSAGE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    last_message_timestamp: int
    last_system_message_timestamp: int
    messages: _containers.RepeatedCompositeFieldContainer[SyncActionMessage]
    def __init__(self, last_message_timestamp: _Optional[int] = ..., last_system_message_timestamp: _Optional[int] = ..., messages: _Optional[_Iterable[_Union[SyncActionMessage, _Mapping]]] = ...) -> None: ...

class StarAction(_message.Message):
    __slots__ = ("starred",)
    STARRED_FIELD_NUMBER: _ClassVar[int]
    starred: bool
    def __init__(self, starred: _Optional[bool] = ...) -> None: ...

class ContactAction(_message.Message):
    __slots__ = ("full_name", "first_name", "lid_jid", "save_on_primary_addressbook", "pn_jid", "username")
    FULL_NAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_NAME_FIELD_NUMBER: _ClassVar[int]
    LID_JID_FIELD_NUMBER: _ClassVar[int]
    SAVE_ON_PRIMARY_ADDRESSBOOK_FIELD_NUMBER: _ClassVar[int]
    PN_JID_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    full_name: str
    first_name: str
    lid_jid: str
    save_on_primary_addressbook: bool
    pn_jid: str
    username: str
    def __init__(self, full_name: _Optional[str] = ..., first_name: _Optional[str] = ..., lid_jid: _Optional[str] = ..., save_on_primary_addressbook: _Optional[bool] = ..., pn_jid: _Optional[str] = ..., username: _Optional[str] = ...) -> None: ...

class MuteAction(_message.Message):
    __slots__ = ("muted", "mute_end_timestamp")
    MUTED_FIELD_NUMBER: _ClassVar[int]
    MUTE_END_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    muted: bool
    mute_end_timestamp: int
    def __init__(self, muted: _Optional[bool] = ..., mute_end_timestamp: _Optional[int] = ...) -> None: ...

class PinAction(_message.Message):
    __slots__ = ("pinned",)
    PINNED_FIELD_NUMBER: _ClassVar[int]
    pinned: bool
    def __init__(self, pinned: _Optional[bool] = ...) -> None: ...

class PushNameSetting(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ArchiveChatAction(_message.Message):
    __slots__ = ("archived", "message_range")
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_RANGE_FIELD_NUMBER: _ClassVar[int]
    archived: bool
    message_range: SyncActionMessageRange
    def __init__(self, archived: _Optional[bool] = ..., message_range: _Optional[_Union[SyncActionMessageRange, _Mapping]] = ...) -> None: ...

class DeleteMessageForMeAction(_message.Message):
    __slots__ = ("delete_media", "message_timestamp")
    DELETE_MEDIA_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    delete_media: bool
    message_timestamp: int
    def __init__(self, delete_media: _Optional[bool] = ..., message_timestamp: _Optional[int] = ...) -> None: ...

class MarkChatAsReadAction(_message.Message):
    __slots__ = ("read", "message_range")
    READ_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_RANGE_FIELD_NUMBER: _ClassVar[int]
    read: bool
    message_range: SyncActionMessageRange
    def __init__(self, read: _Optional[bool] = ..., message_range: _Optional[_Union[SyncActionMessageRange, _Mapping]] = ...) -> None: ...

class ClearChatAction(_message.Message):
    __slots__ = ("message_range",)
    MESSAGE_RANGE_FIELD_NUMBER: _ClassVar[int]
    message_range: SyncActionMessageRange
    def __init__(self, message_range: _Optional[_Union[SyncActionMessageRange, _Mapping]] = ...) -> None: ...

class DeleteChatAction(_message.Message):
    __slots__ = ("message_range",)
    MESSAGE_RANGE_FIELD_NUMBER: _ClassVar[int]
    message_range: SyncActionMessageRange
    def __init__(self, message_range: _Optional[_Union[SyncActionMessageRange, _Mapping]] = ...) -> None: ...

class PnForLidChatAction(_message.Message):
    __slots__ = ("pn_jid",)
    PN_JID_FIELD_NUMBER: _ClassVar[int]
    pn_jid: str
    def __init__(self, pn_jid: _Optional[str] = ...) -> None: ...

class LidContactAction(_message.Message):
    __slots__ = ("full_name", "first_name", "username")
    FULL_NAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_NAME_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    full_name: str
    first_name: str
    username: str
    def __init__(self, full_name: _Optional[str] = ..., first_name: _Optional[str] = ..., username: _Optional[str] = ...) -> None: ...

class SyncActionValue(_message.Message):
    __slots__ = ("timestamp", "star_action", "contact_action", "mute_action", "pin_action", "push_name_setting", "archive_chat_action", "delete_message_for_me_action", "mark_chat_as_read_action", "clear_chat_action", "delete_chat_action", "pn_for_lid_chat_action", "lid_contact_action")
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    STAR_ACTION_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ACTION_FIELD_NUMBER: _ClassVar[int]
    MUTE_ACTION_FIELD_NUMBER: _ClassVar[int]
    PIN_ACTION_FIELD_NUMBER: _ClassVar[int]
    PUSH_NAME_SETTING_FIELD_NUMBER: _ClassVar[int]
    ARCHIVE_CHAT_ACTION_FIELD_NUMBER: _ClassVar[int]
    DELETE_MESSAGE_FOR_ME_ACTION_FIELD_NUMBER: _ClassVar[int]
    MARK_CHAT_AS_READ_ACTION_FIELD_NUMBER: _ClassVar[int]
    CLEAR_CHAT_ACTION_FIELD_NUMBER: _ClassVar[int]
    DELETE_CHAT_ACTION_FIELD_NUMBER: _ClassVar[int]
    PN_FOR_LID_CHAT_ACTION_FIELD_NUMBER: _ClassVar[int]
    LID_CONTACT_ACTION_FIELD_NUMBER: _ClassVar[int]
    timestamp: int
    star_action: StarAction
    contact_action: ContactAction
    mute_action: MuteAction
    pin_action: PinAction
    push_name_setting: PushNameSetting
    archive_chat_action: ArchiveChatAction
    delete_message_for_me_action: DeleteMessageForMeAction
    mark_chat_as_read_action: MarkChatAsReadAction
    clear_chat_action: ClearChatAction
    delete_chat_action: DeleteChatAction
    pn_for_lid_chat_action: PnForLidChatAction
    lid_contact_action: LidContactAction
    def __init__(self, timestamp: _Optional[int] = ..., star_action: _Optional[_Union[StarAction, _Mapping]] = ..., contact_action: _Optional[_Union[ContactAction, _Mapping]] = ..., mute_action: _Optional[_Union[MuteAction, _Mapping]] = ..., pin_action: _Optional[_Union[PinAction, _Mapping]] = ..., push_name_setting: _Optional[_Union[PushNameSetting, _Mapping]] = ..., archive_chat_action: _Optional[_Union[ArchiveChatAction, _Mapping]] = ..., delete_message_for_me_action: _Optional[_Union[DeleteMessageForMeAction, _Mapping]] = ..., mark_chat_as_read_action: _Optional[_Union[MarkChatAsReadAction, _Mapping]] = ..., clear_chat_action: _Optional[_Union[ClearChatAction, _Mapping]] = ..., delete_chat_action: _Optional[_Union[DeleteChatAction, _Mapping]] = ..., pn_for_lid_chat_action: _Optional[_Union[PnForLidChatAction, _Mapping]] = ..., lid_contact_action: _Optional[_Union[LidContactAction, _Mapping]] = ...) -> None: ...
