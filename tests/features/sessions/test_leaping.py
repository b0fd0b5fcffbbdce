"""After a program that forgets, keys begin some steps further on, and the reader does not mind."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from fixtures.devices import Workshop
from wagate.adapters.engines.native.carry_ratchets import read_session, session_record
from wagate.features.sessions.leaping import STEPS, leap
from wagate.ports.checks import MAX_COUNTER
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import DuplicateMessage
from whatsapp_wire.signal import session
from whatsapp_wire.signal.prekeys import PreKeyBundle, SignedPreKey


def test_a_key_that_was_used_and_forgotten_is_not_used_again() -> None:
    ours, theirs = KeyPair.generate(), KeyPair.generate()
    signed = SignedPreKey.generate(1, theirs)
    forgotten = session.initiate(ours, PreKeyBundle(5, theirs.public, 1, signed.key.public, signed.signature))
    used = session.encrypt(forgotten, ours, 9, b"from the old program")
    read = session.decrypt_prekey(None, theirs, used.ciphertext, signed.key, None)

    same = session.encrypt(forgotten, ours, 9, b"from the new program")
    with pytest.raises(DuplicateMessage):
        session.decrypt_prekey(read.record, theirs, same.ciphertext, signed.key, None)

    device = Workshop(Random(1)).device()
    (leapt,) = leap(replace(device, sessions=(read_session("1@lid", forgotten),))).sessions
    later = session.encrypt(session_record(leapt), ours, 9, b"from the new program")
    assert session.message_counter(later.kind, later.ciphertext).counter == STEPS
    opened = session.decrypt_prekey(read.record, theirs, later.ciphertext, signed.key, None)
    assert opened.plaintext == b"from the new program"


def test_a_chain_at_its_end_stays_there() -> None:
    dice = Random(2)
    while not (device := Workshop(dice).device()).sessions:
        pass
    first = device.sessions[0]
    at_its_end = replace(first, current=replace(first.current, sending_counter=MAX_COUNTER))
    assert leap(replace(device, sessions=(at_its_end,))).sessions[0].current == at_its_end.current
