from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SignalMessage(_message.Message):
    __slots__ = ("ratchet_key", "counter", "previous_counter", "ciphertext")
    RATCHET_KEY_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_COUNTER_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    ratchet_key: bytes
    counter: int
    previous_counter: int
    ciphertext: bytes
    def __init__(self, ratchet_key: _Optional[bytes] = ..., counter: _Optional[int] = ..., previous_counter: _Optional[int] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class PreKeySignalMessage(_message.Message):
    __slots__ = ("prekey_id", "base_key", "identity_key", "message", "registration_id", "signed_prekey_id")
    PREKEY_ID_FIELD_NUMBER: _ClassVar[int]
    BASE_KEY_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_KEY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNED_PREKEY_ID_FIELD_NUMBER: _ClassVar[int]
    prekey_id: int
    base_key: bytes
    identity_key: bytes
    message: bytes
    registration_id: int
    signed_prekey_id: int
    def __init__(self, prekey_id: _Optional[int] = ..., base_key: _Optional[bytes] = ..., identity_key: _Optional[bytes] = ..., message: _Optional[bytes] = ..., registration_id: _Optional[int] = ..., signed_prekey_id: _Optional[int] = ...) -> None: ...

class SenderKeyMessage(_message.Message):
    __slots__ = ("id", "iteration", "ciphertext")
    ID_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    id: int
    iteration: int
    ciphertext: bytes
    def __init__(self, id: _Optional[int] = ..., iteration: _Optional[int] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class SenderKeyDistributionMessage(_message.Message):
    __slots__ = ("id", "iteration", "chain_key", "signing_key")
    ID_FIELD_NUMBER: _ClassVar[int]
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEY_FIELD_NUMBER: _ClassVar[int]
    id: int
    iteration: int
    chain_key: bytes
    signing_key: bytes
    def __init__(self, id: _Optional[int] = ..., iteration: _Optional[int] = ..., chain_key: _Optional[bytes] = ..., signing_key: _Optional[bytes] = ...) -> None: ...

class SkippedKey(_message.Message):
    __slots__ = ("counter", "seed")
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    counter: int
    seed: bytes
    def __init__(self, counter: _Optional[int] = ..., seed: _Optional[bytes] = ...) -> None: ...

class ReceiverChain(_message.Message):
    __slots__ = ("ratchet_key", "chain_key", "next_counter", "skipped")
    RATCHET_KEY_FIELD_NUMBER: _ClassVar[int]
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    NEXT_COUNTER_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    ratchet_key: bytes
    chain_key: bytes
    next_counter: int
    skipped: _containers.RepeatedCompositeFieldContainer[SkippedKey]
    def __init__(self, ratchet_key: _Optional[bytes] = ..., chain_key: _Optional[bytes] = ..., next_counter: _Optional[int] = ..., skipped: _Optional[_Iterable[_Union[SkippedKey, _Mapping]]] = ...) -> None: ...

class SessionState(_message.Message):
    __slots__ = ("remote_identity", "root_key", "ratchet_private", "ratchet_public", "sending_chain_key", "sending_counter", "previous_counter", "receiving", "base_key", "pending_prekey_id", "pending_signed_prekey_id", "pending_base_key", "remote_registration_id")
    REMOTE_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    ROOT_KEY_FIELD_NUMBER: _ClassVar[int]
    RATCHET_PRIVATE_FIELD_NUMBER: _ClassVar[int]
    RATCHET_PUBLIC_FIELD_NUMBER: _ClassVar[int]
    SENDING_CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    SENDING_COUNTER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_COUNTER_FIELD_NUMBER: _ClassVar[int]
    RECEIVING_FIELD_NUMBER: _ClassVar[int]
    BASE_KEY_FIELD_NUMBER: _ClassVar[int]
    PENDING_PREKEY_ID_FIELD_NUMBER: _ClassVar[int]
    PENDING_SIGNED_PREKEY_ID_FIELD_NUMBER: _ClassVar[int]
    PENDING_BASE_KEY_FIELD_NUMBER: _ClassVar[int]
    REMOTE_REGISTRATION_ID_FIELD_NUMBER: _ClassVar[int]
    remote_identity: bytes
    root_key: bytes
    ratchet_private: bytes
    ratchet_public: bytes
    sending_chain_key: bytes
    sending_counter: int
    previous_counter: int
    receiving: _containers.RepeatedCompositeFieldContainer[ReceiverChain]
    base_key: bytes
    pending_prekey_id: int
    pending_signed_prekey_id: int
    pending_base_key: bytes
    remote_registration_id: int
    def __init__(self, remote_identity: _Optional[bytes] = ..., root_key: _Optional[bytes] = ..., ratchet_private: _Optional[bytes] = ..., ratchet_public: _Optional[bytes] = ..., sending_chain_key: _Optional[bytes] = ..., sending_counter: _Optional[int] = ..., previous_counter: _Optional[int] = ..., receiving: _Optional[_Iterable[_Union[ReceiverChain, _Mapping]]] = ..., base_key: _Optional[bytes] = ..., pending_prekey_id: _Optional[int] = ..., pending_signed_prekey_id: _Optional[int] = ..., pending_base_key: _Optional[bytes] = ..., remote_registration_id: _Optional[int] = ...) -> None: ...

class SessionRecord(_message.Message):
    __slots__ = ("current", "archived")
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    current: SessionState
    archived: _containers.RepeatedCompositeFieldContainer[SessionState]
    def __init__(self, current: _Optional[_Union[SessionState, _Mapping]] = ..., archived: _Optional[_Iterable[_Union[SessionState, _Mapping]]] = ...) -> None: ...

class SenderKeyState(_message.Message):
    __slots__ = ("id", "next_iteration", "chain_key", "signing_public", "signing_private", "skipped")
    ID_FIELD_NUMBER: _ClassVar[int]
    NEXT_ITERATION_FIELD_NUMBER: _ClassVar[int]
    CHAIN_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNING_PUBLIC_FIELD_NUMBER: _ClassVar[int]
    SIGNING_PRIVATE_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    id: int
    next_iteration: int
    chain_key: bytes
    signing_public: bytes
    signing_private: bytes
    skipped: _containers.RepeatedCompositeFieldContainer[SkippedKey]
    def __init__(self, id: _Optional[int] = ..., next_iteration: _Optional[int] = ..., chain_key: _Optional[bytes] = ..., signing_public: _Optional[bytes] = ..., signing_private: _Optional[bytes] = ..., skipped: _Optional[_Iterable[_Union[SkippedKey, _Mapping]]] = ...) -> None: ...

class SenderKeyRecord(_message.Message):
    __slots__ = ("states",)
    STATES_FIELD_NUMBER: _ClassVar[int]
    states: _containers.RepeatedCompositeFieldContainer[SenderKeyState]
    def __init__(self, states: _Optional[_Iterable[_Union[SenderKeyState, _Mapping]]] = ...) -> None: ...
