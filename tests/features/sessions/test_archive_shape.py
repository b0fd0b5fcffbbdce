"""An archive holds a whole device, and one that was written before something new was carried is still good."""

from __future__ import annotations

from random import Random

import orjson

from fixtures.devices import Workshop
from wagate.features.sessions.archive import read_archive, write_archive
from wagate.ports.device import LinkedDevice
from wagate.store.passphrases import seal, unseal

PHRASE = "correct horse battery staple"


def device() -> LinkedDevice:
    """One that has a poll."""
    dice = Random(3)
    while not (made := Workshop(dice).device()).polls:
        pass
    return made


def test_a_device_comes_out_as_it_went_in() -> None:
    made = device()
    assert read_archive(write_archive(made, PHRASE), PHRASE) == made


def test_an_archive_from_before_polls_were_carried_is_read() -> None:
    made = device()
    content = orjson.loads(unseal(PHRASE, write_archive(made, PHRASE)))
    del content["device"]["polls"]
    older = read_archive(seal(PHRASE, orjson.dumps(content)), PHRASE)
    assert (older.polls, older.sessions) == ((), made.sessions)
