from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MessageKey(_message.Message):
    __slots__ = ("remote_jid", "from_me", "id", "participant")
    REMOTE_JID_FIELD_NUMBER: _ClassVar[int]
    FROM_ME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    remote_jid: str
    from_me: bool
    id: str
    participant: str
    def __init__(self, remote_jid: _Optional[str] = ..., from_me: _Optional[bool] = ..., id: _Optional[str] = ..., participant: _Optional[str] = ...) -> None: ...

class ContextInfo(_message.Message):
    __slots__ = ("stanza_id", "participant", "quoted_message", "remote_jid", "mentioned_jid", "forwarding_score", "is_forwarded", "expiration", "non_jid_mentions")
    STANZA_ID_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    QUOTED_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REMOTE_JID_FIELD_NUMBER: _ClassVar[int]
    MENTIONED_JID_FIELD_NUMBER: _ClassVar[int]
    FORWARDING_SCORE_FIELD_NUMBER: _ClassVar[int]
    IS_FORWARDED_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_FIELD_NUMBER: _ClassVar[int]
    NON_JID_MENTIONS_FIELD_NUMBER: _ClassVar[int]
    stanza_id: str
    participant: str
    quoted_message: Message
    remote_jid: str
    mentioned_jid: _containers.RepeatedScalarFieldContainer[str]
    forwarding_score: int
    is_forwarded: bool
    expiration: int
    non_jid_mentions: int
    def __init__(self, stanza_id: _Optional[str] = ..., participant: _Optional[str] = ..., quoted_message: _Optional[_Union[Message, _Mapping]] = ..., remote_jid: _Optional[str] = ..., mentioned_jid: _Optional[_Iterable[str]] = ..., forwarding_score: _Optional[int] = ..., is_forwarded: _Optional[bool] = ..., expiration: _Optional[int] = ..., non_jid_mentions: _Optional[int] = ...) -> None: ...

class ExtendedTextMessage(_message.Message):
    __slots__ = ("text", "matched_text", "description", "title", "text_argb", "background_argb", "font", "jpeg_thumbnail", "context_info", "thumbnail_direct_path", "thumbnail_sha256", "thumbnail_enc_sha256", "media_key", "media_key_timestamp", "thumbnail_height", "thumbnail_width")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    MATCHED_TEXT_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_ARGB_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_ARGB_FIELD_NUMBER: _ClassVar[int]
    FONT_FIELD_NUMBER: _ClassVar[int]
    JPEG_THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_SHA256_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_WIDTH_FIELD_NUMBER: _ClassVar[int]
    text: str
    matched_text: str
    description: str
    title: str
    text_argb: int
    background_argb: int
    font: int
    jpeg_thumbnail: bytes
    context_info: ContextInfo
    thumbnail_direct_path: str
    thumbnail_sha256: bytes
    thumbnail_enc_sha256: bytes
    media_key: bytes
    media_key_timestamp: int
    thumbnail_height: int
    thumbnail_width: int
    def __init__(self, text: _Optional[str] = ..., matched_text: _Optional[str] = ..., description: _Optional[str] = ..., title: _Optional[str] = ..., text_argb: _Optional[int] = ..., background_argb: _Optional[int] = ..., font: _Optional[int] = ..., jpeg_thumbnail: _Optional[bytes] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., thumbnail_direct_path: _Optional[str] = ..., thumbnail_sha256: _Optional[bytes] = ..., thumbnail_enc_sha256: _Optional[bytes] = ..., media_key: _Optional[bytes] = ..., media_key_timestamp: _Optional[int] = ..., thumbnail_height: _Optional[int] = ..., thumbnail_width: _Optional[int] = ...) -> None: ...

class SenderKeyDistribution(_message.Message):
    __slots__ = ("group_id", "axolotl_sender_key_distribution_message")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    AXOLOTL_SENDER_KEY_DISTRIBUTION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    group_id: str
    axolotl_sender_key_distribution_message: bytes
    def __init__(self, group_id: _Optional[str] = ..., axolotl_sender_key_distribution_message: _Optional[bytes] = ...) -> None: ...

class AppStateSyncKeyShare(_message.Message):
    __slots__ = ("keys",)
    class Key(_message.Message):
        __slots__ = ("key_id", "key_data")
        class KeyId(_message.Message):
            __slots__ = ("key_id",)
            KEY_ID_FIELD_NUMBER: _ClassVar[int]
            key_id: bytes
            def __init__(self, key_id: _Optional[bytes] = ...) -> None: ...
        class KeyData(_message.Message):
            __slots__ = ("key_data", "fingerprint", "timestamp")
            KEY_DATA_FIELD_NUMBER: _ClassVar[int]
            FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
            TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
            key_data: bytes
            fingerprint: bytes
            timestamp: int
            def __init__(self, key_data: _Optional[bytes] = ..., fingerprint: _Optional[bytes] = ..., timestamp: _Optional[int] = ...) -> None: ...
        KEY_ID_FIELD_NUMBER: _ClassVar[int]
        KEY_DATA_FIELD_NUMBER: _ClassVar[int]
        key_id: AppStateSyncKeyShare.Key.KeyId
        key_data: AppStateSyncKeyShare.Key.KeyData
        def __init__(self, key_id: _Optional[_Union[AppStateSyncKeyShare.Key.KeyId, _Mapping]] = ..., key_data: _Optional[_Union[AppStateSyncKeyShare.Key.KeyData, _Mapping]] = ...) -> None: ...
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[AppStateSyncKeyShare.Key]
    def __init__(self, keys: _Optional[_Iterable[_Union[AppStateSyncKeyShare.Key, _Mapping]]] = ...) -> None: ...

class AppStateSyncKeyRequest(_message.Message):
    __slots__ = ("key_ids",)
    KEY_IDS_FIELD_NUMBER: _ClassVar[int]
    key_ids: _containers.RepeatedCompositeFieldContainer[AppStateSyncKeyShare.Key.KeyId]
    def __init__(self, key_ids: _Optional[_Iterable[_Union[AppStateSyncKeyShare.Key.KeyId, _Mapping]]] = ...) -> None: ...

class ProtocolMessage(_message.Message):
    __slots__ = ("key", "type", "ephemeral_expiration", "ephemeral_setting_timestamp", "history_sync_notification", "app_state_sync_key_share", "app_state_sync_key_request", "edited_message", "timestamp_ms", "peer_data_operation_request_message")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REVOKE: _ClassVar[ProtocolMessage.Type]
        EPHEMERAL_SETTING: _ClassVar[ProtocolMessage.Type]
        HISTORY_SYNC_NOTIFICATION: _ClassVar[ProtocolMessage.Type]
        APP_STATE_SYNC_KEY_SHARE: _ClassVar[ProtocolMessage.Type]
        APP_STATE_SYNC_KEY_REQUEST: _ClassVar[ProtocolMessage.Type]
        MESSAGE_EDIT: _ClassVar[ProtocolMessage.Type]
        PEER_DATA_OPERATION_REQUEST_MESSAGE: _ClassVar[ProtocolMessage.Type]
    REVOKE: ProtocolMessage.Type
    EPHEMERAL_SETTING: ProtocolMessage.Type
    HISTORY_SYNC_NOTIFICATION: ProtocolMessage.Type
    APP_STATE_SYNC_KEY_SHARE: ProtocolMessage.Type
    APP_STATE_SYNC_KEY_REQUEST: ProtocolMessage.Type
    MESSAGE_EDIT: ProtocolMessage.Type
    PEER_DATA_OPERATION_REQUEST_MESSAGE: ProtocolMessage.Type
    KEY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    EPHEMERAL_EXPIRATION_FIELD_NUMBER: _ClassVar[int]
    EPHEMERAL_SETTING_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    HISTORY_SYNC_NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    APP_STATE_SYNC_KEY_SHARE_FIELD_NUMBER: _ClassVar[int]
    APP_STATE_SYNC_KEY_REQUEST_FIELD_NUMBER: _ClassVar[int]
    EDITED_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    PEER_DATA_OPERATION_REQUEST_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    key: MessageKey
    type: int
    ephemeral_expiration: int
    ephemeral_setting_timestamp: int
    history_sync_notification: bytes
    app_state_sync_key_share: AppStateSyncKeyShare
    app_state_sync_key_request: AppStateSyncKeyRequest
    edited_message: Message
    timestamp_ms: int
    peer_data_operation_request_message: bytes
    def __init__(self, key: _Optional[_Union[MessageKey, _Mapping]] = ..., type: _Optional[int] = ..., ephemeral_expiration: _Optional[int] = ..., ephemeral_setting_timestamp: _Optional[int] = ..., history_sync_notification: _Optional[bytes] = ..., app_state_sync_key_share: _Optional[_Union[AppStateSyncKeyShare, _Mapping]] = ..., app_state_sync_key_request: _Optional[_Union[AppStateSyncKeyRequest, _Mapping]] = ..., edited_message: _Optional[_Union[Message, _Mapping]] = ..., timestamp_ms: _Optional[int] = ..., peer_data_operation_request_message: _Optional[bytes] = ...) -> None: ...

class DeviceSentMessage(_message.Message):
    __slots__ = ("destination_jid", "message", "phash")
    DESTINATION_JID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PHASH_FIELD_NUMBER: _ClassVar[int]
    destination_jid: str
    message: Message
    phash: str
    def __init__(self, destination_jid: _Optional[str] = ..., message: _Optional[_Union[Message, _Mapping]] = ..., phash: _Optional[str] = ...) -> None: ...

class ReactionMessage(_message.Message):
    __slots__ = ("key", "text", "sender_timestamp_ms")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SENDER_TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    key: MessageKey
    text: str
    sender_timestamp_ms: int
    def __init__(self, key: _Optional[_Union[MessageKey, _Mapping]] = ..., text: _Optional[str] = ..., sender_timestamp_ms: _Optional[int] = ...) -> None: ...

class PinInChatMessage(_message.Message):
    __slots__ = ("key", "type", "sender_timestamp_ms")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[PinInChatMessage.Type]
        PIN_FOR_ALL: _ClassVar[PinInChatMessage.Type]
        UNPIN_FOR_ALL: _ClassVar[PinInChatMessage.Type]
    UNKNOWN: PinInChatMessage.Type
    PIN_FOR_ALL: PinInChatMessage.Type
    UNPIN_FOR_ALL: PinInChatMessage.Type
    KEY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SENDER_TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    key: MessageKey
    type: int
    sender_timestamp_ms: int
    def __init__(self, key: _Optional[_Union[MessageKey, _Mapping]] = ..., type: _Optional[int] = ..., sender_timestamp_ms: _Optional[int] = ...) -> None: ...

class FutureProofMessage(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: Message
    def __init__(self, message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class MessageContextInfo(_message.Message):
    __slots__ = ("message_secret", "message_add_on_duration_in_secs")
    MESSAGE_SECRET_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ADD_ON_DURATION_IN_SECS_FIELD_NUMBER: _ClassVar[int]
    message_secret: bytes
    message_add_on_duration_in_secs: int
    def __init__(self, message_secret: _Optional[bytes] = ..., message_add_on_duration_in_secs: _Optional[int] = ...) -> None: ...

class ImageMessage(_message.Message):
    __slots__ = ("url", "mimetype", "caption", "file_sha256", "file_length", "height", "width", "media_key", "file_enc_sha256", "direct_path", "media_key_timestamp", "jpeg_thumbnail", "context_info", "first_scan_sidecar", "first_scan_length", "scans_sidecar", "scan_lengths", "mid_quality_file_sha256", "mid_quality_file_enc_sha256", "view_once", "thumbnail_direct_path", "thumbnail_sha256", "thumbnail_enc_sha256", "static_url", "accessibility_label")
    URL_FIELD_NUMBER: _ClassVar[int]
    MIMETYPE_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    JPEG_THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    FIRST_SCAN_SIDECAR_FIELD_NUMBER: _ClassVar[int]
    FIRST_SCAN_LENGTH_FIELD_NUMBER: _ClassVar[int]
    SCANS_SIDECAR_FIELD_NUMBER: _ClassVar[int]
    SCAN_LENGTHS_FIELD_NUMBER: _ClassVar[int]
    MID_QUALITY_FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    MID_QUALITY_FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_SHA256_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    STATIC_URL_FIELD_NUMBER: _ClassVar[int]
    ACCESSIBILITY_LABEL_FIELD_NUMBER: _ClassVar[int]
    url: str
    mimetype: str
    caption: str
    file_sha256: bytes
    file_length: int
    height: int
    width: int
    media_key: bytes
    file_enc_sha256: bytes
    direct_path: str
    media_key_timestamp: int
    jpeg_thumbnail: bytes
    context_info: ContextInfo
    first_scan_sidecar: bytes
    first_scan_length: int
    scans_sidecar: bytes
    scan_lengths: _containers.RepeatedScalarFieldContainer[int]
    mid_quality_file_sha256: bytes
    mid_quality_file_enc_sha256: bytes
    view_once: bool
    thumbnail_direct_path: str
    thumbnail_sha256: bytes
    thumbnail_enc_sha256: bytes
    static_url: str
    accessibility_label: str
    def __init__(self, url: _Optional[str] = ..., mimetype: _Optional[str] = ..., caption: _Optional[str] = ..., file_sha256: _Optional[bytes] = ..., file_length: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., media_key: _Optional[bytes] = ..., file_enc_sha256: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., media_key_timestamp: _Optional[int] = ..., jpeg_thumbnail: _Optional[bytes] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., first_scan_sidecar: _Optional[bytes] = ..., first_scan_length: _Optional[int] = ..., scans_sidecar: _Optional[bytes] = ..., scan_lengths: _Optional[_Iterable[int]] = ..., mid_quality_file_sha256: _Optional[bytes] = ..., mid_quality_file_enc_sha256: _Optional[bytes] = ..., view_once: _Optional[bool] = ..., thumbnail_direct_path: _Optional[str] = ..., thumbnail_sha256: _Optional[bytes] = ..., thumbnail_enc_sha256: _Optional[bytes] = ..., static_url: _Optional[str] = ..., accessibility_label: _Optional[str] = ...) -> None: ...

class VideoMessage(_message.Message):
    __slots__ = ("url", "mimetype", "file_sha256", "file_length", "seconds", "media_key", "caption", "gif_playback", "height", "width", "file_enc_sha256", "direct_path", "media_key_timestamp", "jpeg_thumbnail", "context_info", "streaming_sidecar", "gif_attribution", "view_once", "thumbnail_direct_path", "thumbnail_sha256", "thumbnail_enc_sha256", "static_url", "accessibility_label")
    class Attribution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[VideoMessage.Attribution]
        GIPHY: _ClassVar[VideoMessage.Attribution]
        TENOR: _ClassVar[VideoMessage.Attribution]
    NONE: VideoMessage.Attribution
    GIPHY: VideoMessage.Attribution
    TENOR: VideoMessage.Attribution
    URL_FIELD_NUMBER: _ClassVar[int]
    MIMETYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    GIF_PLAYBACK_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    JPEG_THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    STREAMING_SIDECAR_FIELD_NUMBER: _ClassVar[int]
    GIF_ATTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_SHA256_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    STATIC_URL_FIELD_NUMBER: _ClassVar[int]
    ACCESSIBILITY_LABEL_FIELD_NUMBER: _ClassVar[int]
    url: str
    mimetype: str
    file_sha256: bytes
    file_length: int
    seconds: int
    media_key: bytes
    caption: str
    gif_playback: bool
    height: int
    width: int
    file_enc_sha256: bytes
    direct_path: str
    media_key_timestamp: int
    jpeg_thumbnail: bytes
    context_info: ContextInfo
    streaming_sidecar: bytes
    gif_attribution: VideoMessage.Attribution
    view_once: bool
    thumbnail_direct_path: str
    thumbnail_sha256: bytes
    thumbnail_enc_sha256: bytes
    static_url: str
    accessibility_label: str
    def __init__(self, url: _Optional[str] = ..., mimetype: _Optional[str] = ..., file_sha256: _Optional[bytes] = ..., file_length: _Optional[int] = ..., seconds: _Optional[int] = ..., media_key: _Optional[bytes] = ..., caption: _Optional[str] = ..., gif_playback: _Optional[bool] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., file_enc_sha256: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., media_key_timestamp: _Optional[int] = ..., jpeg_thumbnail: _Optional[bytes] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., streaming_sidecar: _Optional[bytes] = ..., gif_attribution: _Optional[_Union[VideoMessage.Attribution, str]] = ..., view_once: _Optional[bool] = ..., thumbnail_direct_path: _Optional[str] = ..., thumbnail_sha256: _Optional[bytes] = ..., thumbnail_enc_sha256: _Optional[bytes] = ..., static_url: _Optional[str] = ..., accessibility_label: _Optional[str] = ...) -> None: ...

class AudioMessage(_message.Message):
    __slots__ = ("url", "mimetype", "file_sha256", "file_length", "seconds", "ptt", "media_key", "file_enc_sha256", "direct_path", "media_key_timestamp", "context_info", "streaming_sidecar", "waveform", "background_argb", "view_once")
    URL_FIELD_NUMBER: _ClassVar[int]
    MIMETYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    PTT_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    STREAMING_SIDECAR_FIELD_NUMBER: _ClassVar[int]
    WAVEFORM_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_ARGB_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_FIELD_NUMBER: _ClassVar[int]
    url: str
    mimetype: str
    file_sha256: bytes
    file_length: int
    seconds: int
    ptt: bool
    media_key: bytes
    file_enc_sha256: bytes
    direct_path: str
    media_key_timestamp: int
    context_info: ContextInfo
    streaming_sidecar: bytes
    waveform: bytes
    background_argb: int
    view_once: bool
    def __init__(self, url: _Optional[str] = ..., mimetype: _Optional[str] = ..., file_sha256: _Optional[bytes] = ..., file_length: _Optional[int] = ..., seconds: _Optional[int] = ..., ptt: _Optional[bool] = ..., media_key: _Optional[bytes] = ..., file_enc_sha256: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., media_key_timestamp: _Optional[int] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., streaming_sidecar: _Optional[bytes] = ..., waveform: _Optional[bytes] = ..., background_argb: _Optional[int] = ..., view_once: _Optional[bool] = ...) -> None: ...

class DocumentMessage(_message.Message):
    __slots__ = ("url", "mimetype", "title", "file_sha256", "file_length", "page_count", "media_key", "file_name", "file_enc_sha256", "direct_path", "media_key_timestamp", "contact_vcard", "thumbnail_direct_path", "thumbnail_sha256", "thumbnail_enc_sha256", "jpeg_thumbnail", "context_info", "thumbnail_height", "thumbnail_width", "caption")
    URL_FIELD_NUMBER: _ClassVar[int]
    MIMETYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    PAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    CONTACT_VCARD_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_SHA256_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    JPEG_THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_WIDTH_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    url: str
    mimetype: str
    title: str
    file_sha256: bytes
    file_length: int
    page_count: int
    media_key: bytes
    file_name: str
    file_enc_sha256: bytes
    direct_path: str
    media_key_timestamp: int
    contact_vcard: bool
    thumbnail_direct_path: str
    thumbnail_sha256: bytes
    thumbnail_enc_sha256: bytes
    jpeg_thumbnail: bytes
    context_info: ContextInfo
    thumbnail_height: int
    thumbnail_width: int
    caption: str
    def __init__(self, url: _Optional[str] = ..., mimetype: _Optional[str] = ..., title: _Optional[str] = ..., file_sha256: _Optional[bytes] = ..., file_length: _Optional[int] = ..., page_count: _Optional[int] = ..., media_key: _Optional[bytes] = ..., file_name: _Optional[str] = ..., file_enc_sha256: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., media_key_timestamp: _Optional[int] = ..., contact_vcard: _Optional[bool] = ..., thumbnail_direct_path: _Optional[str] = ..., thumbnail_sha256: _Optional[bytes] = ..., thumbnail_enc_sha256: _Optional[bytes] = ..., jpeg_thumbnail: _Optional[bytes] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., thumbnail_height: _Optional[int] = ..., thumbnail_width: _Optional[int] = ..., caption: _Optional[str] = ...) -> None: ...

class StickerMessage(_message.Message):
    __slots__ = ("url", "file_sha256", "file_enc_sha256", "media_key", "mimetype", "height", "width", "direct_path", "file_length", "media_key_timestamp", "first_frame_length", "first_frame_sidecar", "is_animated", "png_thumbnail", "context_info", "sticker_sent_ts", "is_avatar", "is_ai_sticker", "is_lottie", "accessibility_label")
    URL_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    MIMETYPE_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    FIRST_FRAME_LENGTH_FIELD_NUMBER: _ClassVar[int]
    FIRST_FRAME_SIDECAR_FIELD_NUMBER: _ClassVar[int]
    IS_ANIMATED_FIELD_NUMBER: _ClassVar[int]
    PNG_THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    STICKER_SENT_TS_FIELD_NUMBER: _ClassVar[int]
    IS_AVATAR_FIELD_NUMBER: _ClassVar[int]
    IS_AI_STICKER_FIELD_NUMBER: _ClassVar[int]
    IS_LOTTIE_FIELD_NUMBER: _ClassVar[int]
    ACCESSIBILITY_LABEL_FIELD_NUMBER: _ClassVar[int]
    url: str
    file_sha256: bytes
    file_enc_sha256: bytes
    media_key: bytes
    mimetype: str
    height: int
    width: int
    direct_path: str
    file_length: int
    media_key_timestamp: int
    first_frame_length: int
    first_frame_sidecar: bytes
    is_animated: bool
    png_thumbnail: bytes
    context_info: ContextInfo
    sticker_sent_ts: int
    is_avatar: bool
    is_ai_sticker: bool
    is_lottie: bool
    accessibility_label: str
    def __init__(self, url: _Optional[str] = ..., file_sha256: _Optional[bytes] = ..., file_enc_sha256: _Optional[bytes] = ..., media_key: _Optional[bytes] = ..., mimetype: _Optional[str] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., direct_path: _Optional[str] = ..., file_length: _Optional[int] = ..., media_key_timestamp: _Optional[int] = ..., first_frame_length: _Optional[int] = ..., first_frame_sidecar: _Optional[bytes] = ..., is_animated: _Optional[bool] = ..., png_thumbnail: _Optional[bytes] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., sticker_sent_ts: _Optional[int] = ..., is_avatar: _Optional[bool] = ..., is_ai_sticker: _Optional[bool] = ..., is_lottie: _Optional[bool] = ..., accessibility_label: _Optional[str] = ...) -> None: ...

class StickerPackMessage(_message.Message):
    __slots__ = ("sticker_pack_id", "name", "publisher", "stickers", "file_length", "file_sha256", "file_enc_sha256", "media_key", "direct_path", "caption", "context_info", "pack_description", "media_key_timestamp", "tray_icon_file_name", "thumbnail_direct_path", "thumbnail_sha256", "thumbnail_enc_sha256", "thumbnail_height", "thumbnail_width")
    class Sticker(_message.Message):
        __slots__ = ("file_name", "is_animated", "emojis", "accessibility_label", "is_lottie", "mimetype")
        FILE_NAME_FIELD_NUMBER: _ClassVar[int]
        IS_ANIMATED_FIELD_NUMBER: _ClassVar[int]
        EMOJIS_FIELD_NUMBER: _ClassVar[int]
        ACCESSIBILITY_LABEL_FIELD_NUMBER: _ClassVar[int]
        IS_LOTTIE_FIELD_NUMBER: _ClassVar[int]
        MIMETYPE_FIELD_NUMBER: _ClassVar[int]
        file_name: str
        is_animated: bool
        emojis: _containers.RepeatedScalarFieldContainer[str]
        accessibility_label: str
        is_lottie: bool
        mimetype: str
        def __init__(self, file_name: _Optional[str] = ..., is_animated: _Optional[bool] = ..., emojis: _Optional[_Iterable[str]] = ..., accessibility_label: _Optional[str] = ..., is_lottie: _Optional[bool] = ..., mimetype: _Optional[str] = ...) -> None: ...
    STICKER_PACK_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PUBLISHER_FIELD_NUMBER: _ClassVar[int]
    STICKERS_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    PACK_DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TRAY_ICON_FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_SHA256_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_WIDTH_FIELD_NUMBER: _ClassVar[int]
    sticker_pack_id: str
    name: str
    publisher: str
    stickers: _containers.RepeatedCompositeFieldContainer[StickerPackMessage.Sticker]
    file_length: int
    file_sha256: bytes
    file_enc_sha256: bytes
    media_key: bytes
    direct_path: str
    caption: str
    context_info: ContextInfo
    pack_description: str
    media_key_timestamp: int
    tray_icon_file_name: str
    thumbnail_direct_path: str
    thumbnail_sha256: bytes
    thumbnail_enc_sha256: bytes
    thumbnail_height: int
    thumbnail_width: int
    def __init__(self, sticker_pack_id: _Optional[str] = ..., name: _Optional[str] = ..., publisher: _Optional[str] = ..., stickers: _Optional[_Iterable[_Union[StickerPackMessage.Sticker, _Mapping]]] = ..., file_length: _Optional[int] = ..., file_sha256: _Optional[bytes] = ..., file_enc_sha256: _Optional[bytes] = ..., media_key: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., caption: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., pack_description: _Optional[str] = ..., media_key_timestamp: _Optional[int] = ..., tray_icon_file_name: _Optional[str] = ..., thumbnail_direct_path: _Optional[str] = ..., thumbnail_sha256: _Optional[bytes] = ..., thumbnail_enc_sha256: _Optional[bytes] = ..., thumbnail_height: _Optional[int] = ..., thumbnail_width: _Optional[int] = ...) -> None: ...

class ContactMessage(_message.Message):
    __slots__ = ("display_name", "vcard", "context_info")
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    VCARD_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    display_name: str
    vcard: str
    context_info: ContextInfo
    def __init__(self, display_name: _Optional[str] = ..., vcard: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class ContactsArrayMessage(_message.Message):
    __slots__ = ("display_name", "contacts", "context_info")
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    display_name: str
    contacts: _containers.RepeatedCompositeFieldContainer[ContactMessage]
    context_info: ContextInfo
    def __init__(self, display_name: _Optional[str] = ..., contacts: _Optional[_Iterable[_Union[ContactMessage, _Mapping]]] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class LocationMessage(_message.Message):
    __slots__ = ("degrees_latitude", "degrees_longitude", "name", "address", "url", "is_live", "comment", "context_info")
    DEGREES_LATITUDE_FIELD_NUMBER: _ClassVar[int]
    DEGREES_LONGITUDE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    IS_LIVE_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    degrees_latitude: float
    degrees_longitude: float
    name: str
    address: str
    url: str
    is_live: bool
    comment: str
    context_info: ContextInfo
    def __init__(self, degrees_latitude: _Optional[float] = ..., degrees_longitude: _Optional[float] = ..., name: _Optional[str] = ..., address: _Optional[str] = ..., url: _Optional[str] = ..., is_live: _Optional[bool] = ..., comment: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class LiveLocationMessage(_message.Message):
    __slots__ = ("degrees_latitude", "degrees_longitude", "caption", "context_info")
    DEGREES_LATITUDE_FIELD_NUMBER: _ClassVar[int]
    DEGREES_LONGITUDE_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    degrees_latitude: float
    degrees_longitude: float
    caption: str
    context_info: ContextInfo
    def __init__(self, degrees_latitude: _Optional[float] = ..., degrees_longitude: _Optional[float] = ..., caption: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class PollCreationMessage(_message.Message):
    __slots__ = ("name", "options", "selectable_options_count", "context_info")
    class Option(_message.Message):
        __slots__ = ("option_name",)
        OPTION_NAME_FIELD_NUMBER: _ClassVar[int]
        option_name: str
        def __init__(self, option_name: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    SELECTABLE_OPTIONS_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    name: str
    options: _containers.RepeatedCompositeFieldContainer[PollCreationMessage.Option]
    selectable_options_count: int
    context_info: ContextInfo
    def __init__(self, name: _Optional[str] = ..., options: _Optional[_Iterable[_Union[PollCreationMessage.Option, _Mapping]]] = ..., selectable_options_count: _Optional[int] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class PollEncValue(_message.Message):
    __slots__ = ("enc_payload", "enc_iv")
    ENC_PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    ENC_IV_FIELD_NUMBER: _ClassVar[int]
    enc_payload: bytes
    enc_iv: bytes
    def __init__(self, enc_payload: _Optional[bytes] = ..., enc_iv: _Optional[bytes] = ...) -> None: ...

class PollUpdateMessage(_message.Message):
    __slots__ = ("poll_creation_message_key", "vote", "sender_timestamp_ms")
    POLL_CREATION_MESSAGE_KEY_FIELD_NUMBER: _ClassVar[int]
    VOTE_FIELD_NUMBER: _ClassVar[int]
    SENDER_TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    poll_creation_message_key: MessageKey
    vote: PollEncValue
    sender_timestamp_ms: int
    def __init__(self, poll_creation_message_key: _Optional[_Union[MessageKey, _Mapping]] = ..., vote: _Optional[_Union[PollEncValue, _Mapping]] = ..., sender_timestamp_ms: _Optional[int] = ...) -> None: ...

class PollVoteMessage(_message.Message):
    __slots__ = ("selected_options",)
    SELECTED_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    selected_options: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, selected_options: _Optional[_Iterable[bytes]] = ...) -> None: ...

class EventMessage(_message.Message):
    __slots__ = ("context_info", "is_canceled", "name", "description", "location", "join_link", "start_time", "end_time")
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    IS_CANCELED_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    JOIN_LINK_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    context_info: ContextInfo
    is_canceled: bool
    name: str
    description: str
    location: LocationMessage
    join_link: str
    start_time: int
    end_time: int
    def __init__(self, context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., is_canceled: _Optional[bool] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., location: _Optional[_Union[LocationMessage, _Mapping]] = ..., join_link: _Optional[str] = ..., start_time: _Optional[int] = ..., end_time: _Optional[int] = ...) -> None: ...

class ButtonsMessage(_message.Message):
    __slots__ = ("text", "content_text", "footer_text", "context_info", "buttons")
    class Button(_message.Message):
        __slots__ = ("button_id", "button_text")
        class ButtonText(_message.Message):
            __slots__ = ("display_text",)
            DISPLAY_TEXT_FIELD_NUMBER: _ClassVar[int]
            display_text: str
            def __init__(self, display_text: _Optional[str] = ...) -> None: ...
        BUTTON_ID_FIELD_NUMBER: _ClassVar[int]
        BUTTON_TEXT_FIELD_NUMBER: _ClassVar[int]
        button_id: str
        button_text: ButtonsMessage.Button.ButtonText
        def __init__(self, button_id: _Optional[str] = ..., button_text: _Optional[_Union[ButtonsMessage.Button.ButtonText, _Mapping]] = ...) -> None: ...
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TEXT_FIELD_NUMBER: _ClassVar[int]
    FOOTER_TEXT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    BUTTONS_FIELD_NUMBER: _ClassVar[int]
    text: str
    content_text: str
    footer_text: str
    context_info: ContextInfo
    buttons: _containers.RepeatedCompositeFieldContainer[ButtonsMessage.Button]
    def __init__(self, text: _Optional[str] = ..., content_text: _Optional[str] = ..., footer_text: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., buttons: _Optional[_Iterable[_Union[ButtonsMessage.Button, _Mapping]]] = ...) -> None: ...

class ButtonsResponseMessage(_message.Message):
    __slots__ = ("selected_button_id", "selected_display_text", "context_info", "type")
    SELECTED_BUTTON_ID_FIELD_NUMBER: _ClassVar[int]
    SELECTED_DISPLAY_TEXT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    selected_button_id: str
    selected_display_text: str
    context_info: ContextInfo
    type: int
    def __init__(self, selected_button_id: _Optional[str] = ..., selected_display_text: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., type: _Optional[int] = ...) -> None: ...

class ListMessage(_message.Message):
    __slots__ = ("title", "description", "button_text", "list_type", "sections", "footer_text", "context_info")
    class Row(_message.Message):
        __slots__ = ("title", "description", "row_id")
        TITLE_FIELD_NUMBER: _ClassVar[int]
        DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
        ROW_ID_FIELD_NUMBER: _ClassVar[int]
        title: str
        description: str
        row_id: str
        def __init__(self, title: _Optional[str] = ..., description: _Optional[str] = ..., row_id: _Optional[str] = ...) -> None: ...
    class Section(_message.Message):
        __slots__ = ("title", "rows")
        TITLE_FIELD_NUMBER: _ClassVar[int]
        ROWS_FIELD_NUMBER: _ClassVar[int]
        title: str
        rows: _containers.RepeatedCompositeFieldContainer[ListMessage.Row]
        def __init__(self, title: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[ListMessage.Row, _Mapping]]] = ...) -> None: ...
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    BUTTON_TEXT_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    FOOTER_TEXT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    title: str
    description: str
    button_text: str
    list_type: int
    sections: _containers.RepeatedCompositeFieldContainer[ListMessage.Section]
    footer_text: str
    context_info: ContextInfo
    def __init__(self, title: _Optional[str] = ..., description: _Optional[str] = ..., button_text: _Optional[str] = ..., list_type: _Optional[int] = ..., sections: _Optional[_Iterable[_Union[ListMessage.Section, _Mapping]]] = ..., footer_text: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class ListResponseMessage(_message.Message):
    __slots__ = ("title", "list_type", "single_select_reply", "context_info", "description")
    class SingleSelectReply(_message.Message):
        __slots__ = ("selected_row_id",)
        SELECTED_ROW_ID_FIELD_NUMBER: _ClassVar[int]
        selected_row_id: str
        def __init__(self, selected_row_id: _Optional[str] = ...) -> None: ...
    TITLE_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_FIELD_NUMBER: _ClassVar[int]
    SINGLE_SELECT_REPLY_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    title: str
    list_type: int
    single_select_reply: ListResponseMessage.SingleSelectReply
    context_info: ContextInfo
    description: str
    def __init__(self, title: _Optional[str] = ..., list_type: _Optional[int] = ..., single_select_reply: _Optional[_Union[ListResponseMessage.SingleSelectReply, _Mapping]] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., description: _Optional[str] = ...) -> None: ...

class TemplateMessage(_message.Message):
    __slots__ = ("hydrated_four_row_template", "context_info", "hydrated_template")
    class QuickReplyButton(_message.Message):
        __slots__ = ("display_text", "id")
        DISPLAY_TEXT_FIELD_NUMBER: _ClassVar[int]
        ID_FIELD_NUMBER: _ClassVar[int]
        display_text: str
        id: str
        def __init__(self, display_text: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...
    class UrlButton(_message.Message):
        __slots__ = ("display_text", "url")
        DISPLAY_TEXT_FIELD_NUMBER: _ClassVar[int]
        URL_FIELD_NUMBER: _ClassVar[int]
        display_text: str
        url: str
        def __init__(self, display_text: _Optional[str] = ..., url: _Optional[str] = ...) -> None: ...
    class CallButton(_message.Message):
        __slots__ = ("display_text", "phone_number")
        DISPLAY_TEXT_FIELD_NUMBER: _ClassVar[int]
        PHONE_NUMBER_FIELD_NUMBER: _ClassVar[int]
        display_text: str
        phone_number: str
        def __init__(self, display_text: _Optional[str] = ..., phone_number: _Optional[str] = ...) -> None: ...
    class HydratedTemplateButton(_message.Message):
        __slots__ = ("quick_reply_button", "url_button", "call_button")
        QUICK_REPLY_BUTTON_FIELD_NUMBER: _ClassVar[int]
        URL_BUTTON_FIELD_NUMBER: _ClassVar[int]
        CALL_BUTTON_FIELD_NUMBER: _ClassVar[int]
        quick_reply_button: TemplateMessage.QuickReplyButton
        url_button: TemplateMessage.UrlButton
        call_button: TemplateMessage.CallButton
        def __init__(self, quick_reply_button: _Optional[_Union[TemplateMessage.QuickReplyButton, _Mapping]] = ..., url_button: _Optional[_Union[TemplateMessage.UrlButton, _Mapping]] = ..., call_button: _Optional[_Union[TemplateMessage.CallButton, _Mapping]] = ...) -> None: ...
    class HydratedFourRowTemplate(_message.Message):
        __slots__ = ("hydrated_title_text", "hydrated_content_text", "hydrated_footer_text", "hydrated_buttons")
        HYDRATED_TITLE_TEXT_FIELD_NUMBER: _ClassVar[int]
        HYDRATED_CONTENT_TEXT_FIELD_NUMBER: _ClassVar[int]
        HYDRATED_FOOTER_TEXT_FIELD_NUMBER: _ClassVar[int]
        HYDRATED_BUTTONS_FIELD_NUMBER: _ClassVar[int]
        hydrated_title_text: str
        hydrated_content_text: str
        hydrated_footer_text: str
        hydrated_buttons: _containers.RepeatedCompositeFieldContainer[TemplateMessage.HydratedTemplateButton]
        def __init__(self, hydrated_title_text: _Optional[str] = ..., hydrated_content_text: _Optional[str] = ..., hydrated_footer_text: _Optional[str] = ..., hydrated_buttons: _Optional[_Iterable[_Union[TemplateMessage.HydratedTemplateButton, _Mapping]]] = ...) -> None: ...
    HYDRATED_FOUR_ROW_TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    HYDRATED_TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    hydrated_four_row_template: TemplateMessage.HydratedFourRowTemplate
    context_info: ContextInfo
    hydrated_template: TemplateMessage.HydratedFourRowTemplate
    def __init__(self, hydrated_four_row_template: _Optional[_Union[TemplateMessage.HydratedFourRowTemplate, _Mapping]] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ..., hydrated_template: _Optional[_Union[TemplateMessage.HydratedFourRowTemplate, _Mapping]] = ...) -> None: ...

class TemplateButtonReplyMessage(_message.Message):
    __slots__ = ("selected_id", "selected_display_text", "context_info")
    SELECTED_ID_FIELD_NUMBER: _ClassVar[int]
    SELECTED_DISPLAY_TEXT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    selected_id: str
    selected_display_text: str
    context_info: ContextInfo
    def __init__(self, selected_id: _Optional[str] = ..., selected_display_text: _Optional[str] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class InteractiveMessage(_message.Message):
    __slots__ = ("header", "body", "footer", "native_flow_message", "context_info")
    class Header(_message.Message):
        __slots__ = ("title",)
        TITLE_FIELD_NUMBER: _ClassVar[int]
        title: str
        def __init__(self, title: _Optional[str] = ...) -> None: ...
    class Body(_message.Message):
        __slots__ = ("text",)
        TEXT_FIELD_NUMBER: _ClassVar[int]
        text: str
        def __init__(self, text: _Optional[str] = ...) -> None: ...
    class Footer(_message.Message):
        __slots__ = ("text",)
        TEXT_FIELD_NUMBER: _ClassVar[int]
        text: str
        def __init__(self, text: _Optional[str] = ...) -> None: ...
    class NativeFlowButton(_message.Message):
        __slots__ = ("name", "button_params_json")
        NAME_FIELD_NUMBER: _ClassVar[int]
        BUTTON_PARAMS_JSON_FIELD_NUMBER: _ClassVar[int]
        name: str
        button_params_json: str
        def __init__(self, name: _Optional[str] = ..., button_params_json: _Optional[str] = ...) -> None: ...
    class NativeFlowMessage(_message.Message):
        __slots__ = ("buttons",)
        BUTTONS_FIELD_NUMBER: _ClassVar[int]
        buttons: _containers.RepeatedCompositeFieldContainer[InteractiveMessage.NativeFlowButton]
        def __init__(self, buttons: _Optional[_Iterable[_Union[InteractiveMessage.NativeFlowButton, _Mapping]]] = ...) -> None: ...
    HEADER_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    FOOTER_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FLOW_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    header: InteractiveMessage.Header
    body: InteractiveMessage.Body
    footer: InteractiveMessage.Footer
    native_flow_message: InteractiveMessage.NativeFlowMessage
    context_info: ContextInfo
    def __init__(self, header: _Optional[_Union[InteractiveMessage.Header, _Mapping]] = ..., body: _Optional[_Union[InteractiveMessage.Body, _Mapping]] = ..., footer: _Optional[_Union[InteractiveMessage.Footer, _Mapping]] = ..., native_flow_message: _Optional[_Union[InteractiveMessage.NativeFlowMessage, _Mapping]] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class InteractiveResponseMessage(_message.Message):
    __slots__ = ("body", "native_flow_response_message", "context_info")
    class Body(_message.Message):
        __slots__ = ("text",)
        TEXT_FIELD_NUMBER: _ClassVar[int]
        text: str
        def __init__(self, text: _Optional[str] = ...) -> None: ...
    class NativeFlowResponseMessage(_message.Message):
        __slots__ = ("name", "params_json")
        NAME_FIELD_NUMBER: _ClassVar[int]
        PARAMS_JSON_FIELD_NUMBER: _ClassVar[int]
        name: str
        params_json: str
        def __init__(self, name: _Optional[str] = ..., params_json: _Optional[str] = ...) -> None: ...
    BODY_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FLOW_RESPONSE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    body: InteractiveResponseMessage.Body
    native_flow_response_message: InteractiveResponseMessage.NativeFlowResponseMessage
    context_info: ContextInfo
    def __init__(self, body: _Optional[_Union[InteractiveResponseMessage.Body, _Mapping]] = ..., native_flow_response_message: _Optional[_Union[InteractiveResponseMessage.NativeFlowResponseMessage, _Mapping]] = ..., context_info: _Optional[_Union[ContextInfo, _Mapping]] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("conversation", "sender_key_distribution_message", "image_message", "contact_message", "location_message", "extended_text_message", "document_message", "audio_message", "video_message", "protocol_message", "contacts_array_message", "live_location_message", "template_message", "sticker_message", "template_button_reply_message", "device_sent_message", "message_context_info", "list_message", "view_once_message", "list_response_message", "ephemeral_message", "buttons_message", "buttons_response_message", "interactive_message", "reaction_message", "interactive_response_message", "poll_creation_message", "poll_update_message", "document_with_caption_message", "view_once_message_v2", "edited_message", "view_once_message_v2_extension", "poll_creation_message_v2", "pin_in_chat_message", "poll_creation_message_v3", "ptv_message", "lottie_sticker_message", "event_message", "sticker_pack_message")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    SENDER_KEY_DISTRIBUTION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LOCATION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXTENDED_TEXT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    AUDIO_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VIDEO_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_ARRAY_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LIVE_LOCATION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STICKER_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_BUTTON_REPLY_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_SENT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_CONTEXT_INFO_FIELD_NUMBER: _ClassVar[int]
    LIST_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LIST_RESPONSE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EPHEMERAL_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    BUTTONS_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    BUTTONS_RESPONSE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INTERACTIVE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REACTION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INTERACTIVE_RESPONSE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    POLL_CREATION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    POLL_UPDATE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_WITH_CAPTION_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_MESSAGE_V2_FIELD_NUMBER: _ClassVar[int]
    EDITED_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_MESSAGE_V2_EXTENSION_FIELD_NUMBER: _ClassVar[int]
    POLL_CREATION_MESSAGE_V2_FIELD_NUMBER: _ClassVar[int]
    PIN_IN_CHAT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    POLL_CREATION_MESSAGE_V3_FIELD_NUMBER: _ClassVar[int]
    PTV_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LOTTIE_STICKER_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EVENT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STICKER_PACK_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    conversation: str
    sender_key_distribution_message: SenderKeyDistribution
    image_message: ImageMessage
    contact_message: ContactMessage
    location_message: LocationMessage
    extended_text_message: ExtendedTextMessage
    document_message: DocumentMessage
    audio_message: AudioMessage
    video_message: VideoMessage
    protocol_message: ProtocolMessage
    contacts_array_message: ContactsArrayMessage
    live_location_message: LiveLocationMessage
    template_message: TemplateMessage
    sticker_message: StickerMessage
    template_button_reply_message: TemplateButtonReplyMessage
    device_sent_message: DeviceSentMessage
    message_context_info: MessageContextInfo
    list_message: ListMessage
    view_once_message: FutureProofMessage
    list_response_message: ListResponseMessage
    ephemeral_message: FutureProofMessage
    buttons_message: ButtonsMessage
    buttons_response_message: ButtonsResponseMessage
    interactive_message: InteractiveMessage
    reaction_message: ReactionMessage
    interactive_response_message: InteractiveResponseMessage
    poll_creation_message: PollCreationMessage
    poll_update_message: PollUpdateMessage
    document_with_caption_message: FutureProofMessage
    view_once_message_v2: FutureProofMessage
    edited_message: FutureProofMessage
    view_once_message_v2_extension: FutureProofMessage
    poll_creation_message_v2: PollCreationMessage
    pin_in_chat_message: PinInChatMessage
    poll_creation_message_v3: PollCreationMessage
    ptv_message: VideoMessage
    lottie_sticker_message: FutureProofMessage
    event_message: EventMessage
    sticker_pack_message: StickerPackMessage
    def __init__(self, conversation: _Optional[str] = ..., sender_key_distribution_message: _Optional[_Union[SenderKeyDistribution, _Mapping]] = ..., image_message: _Optional[_Union[ImageMessage, _Mapping]] = ..., contact_message: _Optional[_Union[ContactMessage, _Mapping]] = ..., location_message: _Optional[_Union[LocationMessage, _Mapping]] = ..., extended_text_message: _Optional[_Union[ExtendedTextMessage, _Mapping]] = ..., document_message: _Optional[_Union[DocumentMessage, _Mapping]] = ..., audio_message: _Optional[_Union[AudioMessage, _Mapping]] = ..., video_message: _Optional[_Union[VideoMessage, _Mapping]] = ..., protocol_message: _Optional[_Union[ProtocolMessage, _Mapping]] = ..., contacts_array_message: _Optional[_Union[ContactsArrayMessage, _Mapping]] = ..., live_location_message: _Optional[_Union[LiveLocationMessage, _Mapping]] = ..., template_message: _Optional[_Union[TemplateMessage, _Mapping]] = ..., sticker_message: _Optional[_Union[StickerMessage, _Mapping]] = ..., template_button_reply_message: _Optional[_Union[TemplateButtonReplyMessage, _Mapping]] = ..., device_sent_message: _Optional[_Union[DeviceSentMessage, _Mapping]] = ..., message_context_info: _Optional[_Union[MessageContextInfo, _Mapping]] = ..., list_message: _Optional[_Union[ListMessage, _Mapping]] = ..., view_once_message: _Optional[_Union[FutureProofMessage, _Mapping]] = ..., list_response_message: _Optional[_Union[ListResponseMessage, _Mapping]] = ..., ephemeral_message: _Optional[_Union[FutureProofMessage, _Mapping]] = ..., buttons_message: _Optional[_Union[ButtonsMessage, _Mapping]] = ..., buttons_response_message: _Optional[_Union[ButtonsResponseMessage, _Mapping]] = ..., interactive_message: _Optional[_Union[InteractiveMessage, _Mapping]] = ..., reaction_message: _Optional[_Union[ReactionMessage, _Mapping]] = ..., interactive_response_message: _Optional[_Union[InteractiveResponseMessage, _Mapping]] = ..., poll_creation_message: _Optional[_Union[PollCreationMessage, _Mapping]] = ..., poll_update_message: _Optional[_Union[PollUpdateMessage, _Mapping]] = ..., document_with_caption_message: _Optional[_Union[FutureProofMessage, _Mapping]] = ..., view_once_message_v2: _Optional[_Union[FutureProofMessage, _Mapping]] = ..., edited_message: _Optional[_Union[FutureProofMessage, _Mapping]] = ..., view_once_message_v2_extension: _Optional[_Union[FutureProofMessage, _Mapping]] = ..., poll_creation_message_v2: _Optional[_Union[PollCreationMessage, _Mapping]] = ..., pin_in_chat_message: _Optional[_Union[PinInChatMessage, _Mapping]] = ..., poll_creation_message_v3: _Optional[_Union[PollCreationMessage, _Mapping]] = ..., ptv_message: _Optional[_Union[VideoMessage, _Mapping]] = ..., lottie_sticker_message: _Optional[_Union[FutureProofMessage, _Mapping]] = ..., event_message: _Optional[_Union[EventMessage, _Mapping]] = ..., sticker_pack_message: _Optional[_Union[StickerPackMessage, _Mapping]] = ...) -> None: ...
