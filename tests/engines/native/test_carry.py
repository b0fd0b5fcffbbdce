"""A linked device goes through the plain form and comes out as it was, in the middle of every ratchet."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.devices import Workshop
from wagate.adapters.engines.native.carry import CARRIED, device_of, holdable, records_of
from wagate.adapters.engines.native.carry_ratchets import (
    read_sender_key,
    read_session,
    sender_key_record,
    session_record,
)
from wagate.domain.errors import DeviceUnreadable
from wagate.ports.vault import RecordKey
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import DuplicateMessage
from whatsapp_wire.signal import sender_keys, session
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey

DICE = st.integers(0, 2**32).map(Random)


@settings(max_examples=40, deadline=None)
@given(DICE)
def test_a_device_goes_in_and_comes_out(dice: Random) -> None:
    device = Workshop(dice).device()
    records = records_of(device, now=1)
    assert device_of(_by_kind(records)) == holdable(device)
    assert records_of(device_of(_by_kind(records)), now=2) == records


@pytest.mark.parametrize("kind", ["credentials", "session", "sender_key", "tctoken", "prekey", "lid", "secret"])
def test_a_damaged_record_is_named(kind: str) -> None:
    dice = Random(7)
    while not (device := Workshop(dice).device()).sessions or not device.prekeys or not device.polls:
        pass
    records = records_of(device, now=1)
    key = next(key for key in records if key[0] == kind)
    with pytest.raises(DeviceUnreadable):
        device_of(_by_kind(records | {key: b"\xff\xff"}))


def test_a_device_whose_signatures_do_not_hold_is_refused() -> None:
    device = Workshop(Random(8)).device()
    with pytest.raises(DeviceUnreadable, match="signed prekey"):
        records_of(replace(device, identity_private=KeyPair.generate().private), now=1)
    account = replace(device.account, device_signature=bytes(64))
    with pytest.raises(DeviceUnreadable, match="statement"):
        records_of(replace(device, account=account), now=1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=25), st.randoms(use_true_random=False))
def test_a_session_goes_on_wherever_it_was_carried(steps: list[tuple[bool, bool, bool]], dice: Random) -> None:
    """Two sides talk; messages are held back; at any time a side's record goes through the plain form."""
    ours, theirs = KeyPair.generate(), KeyPair.generate()
    signed, prekey = SignedPreKey.generate(1, theirs), PreKey.generate(7)
    bundle = PreKeyBundle(5, theirs.public, 1, signed.key.public, signed.signature, 7, prekey.key.public)
    record = {"us": session.initiate(ours, bundle)}
    identity = {"us": ours, "them": theirs}
    waiting: dict[str, list[tuple[str, bytes]]] = {"us": [], "them": []}

    def _read(kept: bytes | None, reader: KeyPair, kind: str, ciphertext: bytes) -> tuple[bytes, bytes]:
        if kind == "pkmsg":
            first = session.decrypt_prekey(kept, reader, ciphertext, signed.key, prekey.key)
            return first.plaintext, first.record
        opened = session.decrypt(kept, reader, ciphertext)
        return opened.plaintext, opened.record

    used: set[tuple[bytes, int]] = set()
    for is_ours, is_late, is_carried in [(True, False, False), *steps]:
        sender, reader = ("us", "them") if is_ours else ("them", "us")
        if sender not in record:
            continue
        if is_carried:
            record[sender] = session_record(read_session("1@lid", record[sender]))
        sealed = session.encrypt(record[sender], identity[sender], 9, b"text")
        record[sender] = sealed.record
        position = session.message_counter(sealed.kind, sealed.ciphertext)
        assert position not in used
        used.add(position)
        waiting[reader].append((sealed.kind, sealed.ciphertext))
        if is_late and "them" in record:
            continue
        dice.shuffle(waiting[reader])
        for kind, ciphertext in waiting[reader]:
            plaintext, record[reader] = _read(record.get(reader), identity[reader], kind, ciphertext)
            assert plaintext == b"text"
            carried = session_record(read_session("1@lid", record[reader]))
            with pytest.raises(DuplicateMessage):
                _read(carried, identity[reader], kind, ciphertext)
            record[reader] = carried
        waiting[reader].clear()


def test_a_sender_key_goes_on_where_it_was_carried() -> None:
    ours = sender_keys.create()
    theirs = sender_keys.process_distribution(None, sender_keys.distribution(ours))
    texts = []
    for number in range(5):
        ours = sender_key_record(read_sender_key("1@g.us/1@lid", ours))
        sealed = sender_keys.encrypt(ours, b"%d" % number)
        ours = sealed.record
        texts.append(sealed.ciphertext)
    for number in (3, 0, 4, 1, 2):
        opened = sender_keys.decrypt(theirs, texts[number])
        assert opened.plaintext == b"%d" % number
        theirs = sender_key_record(read_sender_key("1@g.us/1@lid", opened.record))


def _by_kind(records: dict[RecordKey, bytes]) -> dict[str, list[tuple[str, bytes]]]:
    return {kind: [(address, value) for (of, address), value in records.items() if of == kind] for kind in CARRIED}
