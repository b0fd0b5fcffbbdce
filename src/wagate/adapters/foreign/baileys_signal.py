"""Sessions and sender keys as Baileys keeps them: the JSON of libsignal-node (``session_record.js``) and its own.

A chain's counter there is that of the last message, ours counts the next one. Chains are never thrown away there: of
those under which nothing can come any more only the newest are taken.
"""

from __future__ import annotations

from typing import Final

from wagate.adapters.curve import public_of
from wagate.adapters.foreign.fields import Fields, fields_of, items_of, octets, point, untyped, whole
from wagate.domain.errors import DeviceUnreadable
from wagate.ports.checks import KEY, MAX_COUNTER
from wagate.ports.ratchets import (
    MAX_ARCHIVED,
    MessageKey,
    Opening,
    ReceivingChain,
    SenderKey,
    SenderKeyState,
    Session,
    SessionState,
)

_OPEN: Final = -1
_SENDING, _RECEIVING = 1, 2
_CHAINS: Final = 5
"""Receiving chains that are kept, as in other clients."""


def session_of(device: str, found: object) -> Session | None:
    """The session with a device; None when there is nothing with which a message could leave.

    The open state is in use; where there is none, the one that was used last.
    """
    record = fields_of(found, "A session")
    entries = [fields_of(entry, "A session's state") for entry in _values(record, "_sessions")]
    ranked = sorted(entries, key=_rank, reverse=True)
    states = [state for state in map(_state, ranked) if state is not None][: MAX_ARCHIVED + 1]
    return Session(device, states[0], tuple(states[1:])) if states else None


def sender_key_of(group: str, device: str, found: object) -> SenderKey:
    """The chains of a sender in a group; Baileys has the newest last."""
    states = [fields_of(state, "A sender key") for state in items_of(found, "A sender key")]
    return SenderKey(group, device, tuple(_sender_state(state) for state in reversed(states)))


def _values(fields: Fields, name: str) -> list[object]:
    return list(fields_of(fields.get(name, {}), name).values())


def _rank(entry: Fields) -> tuple[bool, int]:
    about = fields_of(entry.get("indexInfo"), "indexInfo")
    return whole(about, "closed", 0) == _OPEN, whole(about, "used", 0)


def _state(entry: Fields) -> SessionState | None:
    about = fields_of(entry.get("indexInfo"), "indexInfo")
    ratchet = fields_of(entry.get("currentRatchet"), "currentRatchet")
    pair = fields_of(ratchet.get("ephemeralKeyPair"), "ephemeralKeyPair")
    private, public = octets(pair, "privKey"), point(pair, "pubKey")
    if len(private) != KEY or public_of(private) != public:
        raise DeviceUnreadable("The halves of a ratchet key do not fit together")
    chains = {
        untyped(octets({"key": key}, "key"), "A chain"): fields_of(chain, "A chain")
        for key, chain in fields_of(entry.get("_chains"), "_chains").items()
    }
    sending = chains.get(public)
    if sending is None or whole(sending, "chainType") != _SENDING:
        return None
    key = fields_of(sending.get("chainKey"), "chainKey")
    return SessionState(
        remote_identity=point(about, "remoteIdentityKey"),
        remote_registration_id=whole(entry, "registrationId", 0),
        root_key=octets(ratchet, "rootKey"),
        base_key=point(about, "baseKey"),
        ratchet_private=private,
        sending_key=octets(key, "key"),
        sending_counter=whole(key, "counter") + 1,
        previous_counter=whole(ratchet, "previousCounter", 0) & MAX_COUNTER,
        receiving=_receiving(chains),
        opening=_opening(entry.get("pendingPreKey")),
    )


def _receiving(chains: dict[bytes, Fields]) -> tuple[ReceivingChain, ...]:
    found = []
    for ratchet_key, chain in chains.items():
        if whole(chain, "chainType") != _RECEIVING:
            continue
        key = fields_of(chain.get("chainKey"), "chainKey")
        read = ReceivingChain(ratchet_key, octets(key, "key"), whole(key, "counter") + 1, _skipped(chain))
        if read.key or read.skipped:
            found.append(read)
    return tuple(found[-_CHAINS:])


def _skipped(chain: Fields) -> tuple[MessageKey, ...]:
    keys = fields_of(chain.get("messageKeys", {}), "messageKeys")
    return tuple(sorted((MessageKey(_counter(at), octets(keys, at)) for at in keys), key=lambda key: key.counter))


def _counter(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise DeviceUnreadable("A message key has no counter")
    return int(text)


def _opening(found: object) -> Opening | None:
    if found is None:
        return None
    pending = fields_of(found, "pendingPreKey")
    # Baileys leaves an id of 0 out of its messages, as it does one that is not there.
    return Opening(point(pending, "baseKey"), whole(pending, "signedKeyId"), whole(pending, "preKeyId", 0) or None)


def _sender_state(state: Fields) -> SenderKeyState:
    chain = fields_of(state.get("senderChainKey"), "senderChainKey")
    signing = fields_of(state.get("senderSigningKey"), "senderSigningKey")
    skipped = [
        MessageKey(whole(key, "iteration"), octets(key, "seed"))
        for key in (
            fields_of(key, "A skipped sender key")
            for key in items_of(state.get("senderMessageKeys"), "senderMessageKeys")
        )
    ]
    return SenderKeyState(
        id=whole(state, "senderKeyId"),
        chain_key=octets(chain, "seed"),
        next_iteration=whole(chain, "iteration"),
        signing_public=point(signing, "public"),
        signing_private=octets(signing, "private"),
        skipped=tuple(sorted(skipped, key=lambda key: key.counter)),
    )
