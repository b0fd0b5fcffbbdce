"""Signal sessions and sender keys as whatsmeow keeps them: the JSON of Go's libsignal (``state/record``).

Public keys there are typed (33 bytes, the first one 5), all bytes are base64. Keys of overtaken messages are derived
already; those of groups keep their seed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from wagate.adapters.curve import public_of
from wagate.domain.errors import DeviceUnreadable
from wagate.ports.checks import KEY
from wagate.ports.ratchets import (
    DERIVED,
    MessageKey,
    Opening,
    ReceivingChain,
    SenderKey,
    SenderKeyState,
    Session,
    SessionState,
)

Fields = Mapping[str, object]
"""A JSON object."""

_TYPE: Final = b"\x05"
_VERSION: Final = 3


def derived(secret: bytes) -> bytes:
    """The keys of one message, 80 bytes, from its seed (HKDF-SHA256, label ``WhisperMessageKeys``); keys stay keys."""
    if len(secret) == DERIVED:
        return secret
    extracted = hmac.digest(bytes(KEY), secret, hashlib.sha256)
    keys, block = b"", b""
    for number in (1, 2, 3):
        block = hmac.digest(extracted, block + b"WhisperMessageKeys" + bytes((number,)), hashlib.sha256)
        keys += block
    return keys[:DERIVED]


# ---- reading


def read_session(device: str, text: bytes, own_identity: bytes) -> Session | None:
    """The session with a device; None for one that was never begun. Raises DeviceUnreadable."""
    record = _object(_parsed(text))
    states: dict[bytes, SessionState] = {}
    for found in (record.get("SessionState"), *_list(record.get("PreviousStates"))):
        state = _state(_object(found), own_identity) if found is not None else None
        # Go's libsignal leaves a state that becomes current again among the archived ones, as it was then.
        if state is not None and state.base_key not in states:
            states[state.base_key] = state
    if not states:
        return None
    current, *archived = states.values()
    return Session(device, current, tuple(archived))


def read_sender_key(group: str, device: str, text: bytes) -> SenderKey:
    """The chains of a sender in a group. Raises DeviceUnreadable."""
    states = (_object(state) for state in _list(_object(_parsed(text)).get("SenderKeyStates")))
    return SenderKey(group, device, tuple(_sender_state(state) for state in states))


def _state(fields: Fields, own_identity: bytes) -> SessionState | None:
    sending = fields.get("SenderChain")
    if sending is None or not _bytes(fields, "RemoteIdentityPublic"):
        return None
    if _whole(fields, "SessionVersion") != _VERSION:
        raise DeviceUnreadable("A session is not of Signal's version 3")
    if _point(fields, "LocalIdentityPublic") != own_identity:
        raise DeviceUnreadable("A session belongs to another identity key than the device")
    chain = _object(sending)
    private, key = _bytes(chain, "SenderRatchetKeyPrivate"), _object(chain.get("ChainKey"))
    if len(private) != KEY or public_of(private) != _point(chain, "SenderRatchetKeyPublic"):
        raise DeviceUnreadable("The halves of a ratchet key do not fit together")
    return SessionState(
        remote_identity=_point(fields, "RemoteIdentityPublic"),
        remote_registration_id=_whole(fields, "RemoteRegistrationID"),
        root_key=_bytes(fields, "RootKey"),
        base_key=_point(fields, "SenderBaseKey"),
        ratchet_private=private,
        sending_key=_bytes(key, "Key"),
        sending_counter=_whole(key, "Index"),
        previous_counter=_whole(fields, "PreviousCounter"),
        receiving=tuple(_receiving(_object(chain)) for chain in _list(fields.get("ReceiverChains"))),
        opening=_opening(fields.get("PendingPreKey")),
    )


def _receiving(chain: Fields) -> ReceivingChain:
    key = _object(chain.get("ChainKey"))
    skipped = []
    for found in map(_object, _list(chain.get("MessageKeys"))):
        secret = _bytes(found, "CipherKey") + _bytes(found, "MacKey") + _bytes(found, "IV")
        if len(secret) != DERIVED:
            raise DeviceUnreadable("A message key is not whole")
        skipped.append(MessageKey(_whole(found, "Index"), secret))
    skipped.sort(key=lambda key: key.counter)
    return ReceivingChain(
        _point(chain, "SenderRatchetKeyPublic"), _bytes(key, "Key"), _whole(key, "Index"), tuple(skipped)
    )


def _opening(found: object) -> Opening | None:
    if found is None:
        return None
    fields = _object(found)
    prekey = fields.get("PreKeyID")
    prekey_id = None
    if prekey is not None and _object(prekey).get("IsEmpty") is not True:
        prekey_id = _whole(_object(prekey), "Value")
    return Opening(_point(fields, "BaseKey"), _whole(fields, "SignedPreKeyID"), prekey_id)


def _sender_state(fields: Fields) -> SenderKeyState:
    chain = _object(fields.get("SenderChainKey"))
    skipped = [
        MessageKey(_whole(key, "Iteration"), _bytes(key, "Seed")) for key in map(_object, _list(fields.get("Keys")))
    ]
    private = _bytes(fields, "SigningKeyPrivate")
    return SenderKeyState(
        id=_whole(fields, "KeyID"),
        chain_key=_bytes(chain, "ChainKey"),
        next_iteration=_whole(chain, "Iteration"),
        signing_public=_point(fields, "SigningKeyPublic"),
        # A sender's key that is not ours comes back from Go as 32 zeros.
        signing_private=private if any(private) else b"",
        skipped=tuple(sorted(skipped, key=lambda key: key.counter)),
    )


def _parsed(text: bytes) -> object:
    try:
        return cast(object, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise DeviceUnreadable("A session or sender key is not JSON: it may come from an old version") from error


def _object(found: object) -> Fields:
    if not isinstance(found, dict):
        raise DeviceUnreadable("A session or sender key lacks a part")
    return found


def _list(found: object) -> Sequence[object]:
    if found is None:
        return ()
    if not isinstance(found, list):
        raise DeviceUnreadable("A session or sender key has a part of the wrong kind")
    return found


def _whole(fields: Fields, name: str) -> int:
    found = fields.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise DeviceUnreadable(f"{name} is not a number")
    return found


def _bytes(fields: Fields, name: str) -> bytes:
    found = fields.get(name)
    if found is None:
        return b""
    try:
        if isinstance(found, str):
            return base64.b64decode(found, validate=True)
    except ValueError:
        pass
    raise DeviceUnreadable(f"{name} is not written in base64")


def _point(fields: Fields, name: str) -> bytes:
    typed = _bytes(fields, name)
    if len(typed) != KEY + 1 or typed[:1] != _TYPE:
        raise DeviceUnreadable(f"{name} is not a typed Curve25519 key")
    return typed[1:]


# ---- writing


def session_text(session: Session, own_identity: bytes, registration_id: int) -> bytes:
    """A session as whatsmeow keeps it."""
    current, *archived = (
        _fields(state, own_identity, registration_id) for state in (session.current, *session.archived)
    )
    return json.dumps({"SessionState": current, "PreviousStates": archived}, separators=(",", ":")).encode()


def sender_key_text(sender_key: SenderKey) -> bytes:
    """A sender key as whatsmeow keeps it."""
    states = [
        {
            "Keys": [_group_key(key) for key in state.skipped],
            "KeyID": state.id,
            "SenderChainKey": {"Iteration": state.next_iteration, "ChainKey": _text(state.chain_key)},
            "SigningKeyPrivate": _text(state.signing_private) if state.signing_private else None,
            "SigningKeyPublic": _typed(state.signing_public),
        }
        for state in sender_key.states
    ]
    return json.dumps({"SenderKeyStates": states}, separators=(",", ":")).encode()


def _fields(state: SessionState, own_identity: bytes, registration_id: int) -> Fields:
    opening = state.opening
    pending = (
        None
        if opening is None
        else {
            "PreKeyID": None if opening.prekey_id is None else {"Value": opening.prekey_id, "IsEmpty": False},
            "SignedPreKeyID": opening.signed_prekey_id,
            "BaseKey": _typed(opening.base_key),
        }
    )
    return {
        "LocalIdentityPublic": _typed(own_identity),
        "LocalRegistrationID": registration_id,
        "NeedsRefresh": False,
        "PendingKeyExchange": None,
        "PendingPreKey": pending,
        "PreviousCounter": state.previous_counter,
        "ReceiverChains": [
            {
                "SenderRatchetKeyPublic": _typed(chain.ratchet_key),
                "SenderRatchetKeyPrivate": None,
                "ChainKey": {"Key": _text(chain.key), "Index": chain.next_counter},
                "MessageKeys": [_message_key(key) for key in chain.skipped],
            }
            for chain in state.receiving
        ],
        "RemoteIdentityPublic": _typed(state.remote_identity),
        "RemoteRegistrationID": state.remote_registration_id,
        "RootKey": _text(state.root_key),
        "SenderBaseKey": _typed(state.base_key),
        "SenderChain": {
            "SenderRatchetKeyPublic": _typed(public_of(state.ratchet_private)),
            "SenderRatchetKeyPrivate": _text(state.ratchet_private),
            "ChainKey": {"Key": _text(state.sending_key), "Index": state.sending_counter},
            "MessageKeys": [],
        },
        "SessionVersion": _VERSION,
    }


def _message_key(key: MessageKey) -> Fields:
    keys = derived(key.secret)
    return {"CipherKey": _text(keys[:32]), "MacKey": _text(keys[32:64]), "IV": _text(keys[64:]), "Index": key.counter}


def _group_key(key: MessageKey) -> Fields:
    """A sender's skipped key: the derivation of ``WhisperGroup``, IV first, and the seed."""
    extracted = hmac.digest(bytes(KEY), key.secret, hashlib.sha256)
    first = hmac.digest(extracted, b"WhisperGroup\x01", hashlib.sha256)
    second = hmac.digest(extracted, first + b"WhisperGroup\x02", hashlib.sha256)
    keys = first + second
    return {
        "Iteration": key.counter,
        "IV": _text(keys[:16]),
        "CipherKey": _text(keys[16:48]),
        "Seed": _text(key.secret),
    }


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _typed(key: bytes) -> str:
    return _text(_TYPE + key)
