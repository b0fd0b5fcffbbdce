import copy
import pickle

import pytest

from whatsapp_wire.errors import MalformedJid, WireError
from whatsapp_wire.jid import SERVER, Jid


@pytest.mark.parametrize(
    ("text", "user", "device", "server"),
    [
        ("491700000001@s.whatsapp.net", "491700000001", 0, "s.whatsapp.net"),
        ("491700000001:12@s.whatsapp.net", "491700000001", 12, "s.whatsapp.net"),
        ("20000000000001:3@lid", "20000000000001", 3, "lid"),
        ("4917-1500000000@g.us", "4917-1500000000", 0, "g.us"),
        ("@s.whatsapp.net", "", 0, "s.whatsapp.net"),
        ("a@b@lid", "a@b", 0, "lid"),
        ("a:b@lid", "a:b", 0, "lid"),
        ("a:b:3@lid", "a:b", 3, "lid"),
        ("a:123456@lid", "a:123456", 0, "lid"),
        ("a:²@lid", "a:²", 0, "lid"),
    ],
)
def test_an_address_falls_into_its_parts(text: str, user: str, device: int, server: str) -> None:
    jid = Jid(text)
    assert (jid.user, jid.device, jid.server) == (user, device, server)
    assert jid == text
    assert Jid.of(user, server, device) == text


def test_device_zero_is_the_primary_phone_and_is_not_written() -> None:
    assert Jid("49:0@s.whatsapp.net") == "49@s.whatsapp.net" == Jid.of("49", "s.whatsapp.net", 0)


def test_the_device_can_be_taken_off_and_exchanged() -> None:
    jid = Jid("49:12@lid")
    assert jid.bare == "49@lid"
    assert jid.bare.bare == jid.bare
    assert jid.with_device(5) == "49:5@lid"
    assert all(type(other) is Jid for other in (jid.bare, jid.with_device(5)))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("49@s.whatsapp.net", (True, False, False)),
        ("49:99@hosted", (True, False, False)),
        ("2:1@lid", (False, True, False)),
        ("2:99@hosted.lid", (False, True, False)),
        ("1-2@g.us", (False, False, True)),
        ("status@broadcast", (False, False, False)),
    ],
)
def test_an_address_knows_its_kind(text: str, kinds: tuple[bool, bool, bool]) -> None:
    jid = Jid(text)
    assert (jid.is_user, jid.is_lid, jid.is_group) == kinds


def test_the_server_itself_is_nobody() -> None:
    assert SERVER == "@s.whatsapp.net"
    assert not SERVER.is_user


@pytest.mark.parametrize("text", ["", "491700000001", "49@", "@"])
def test_text_without_a_server_is_no_address(text: str) -> None:
    with pytest.raises(MalformedJid) as raised:
        Jid(text)
    assert isinstance(raised.value, WireError)
    assert isinstance(raised.value, ValueError)


def test_an_address_survives_copying_and_pickling() -> None:
    jid = Jid("49:12@lid")
    for twin in (copy.deepcopy(jid), pickle.loads(pickle.dumps(jid))):
        assert twin == jid
        assert type(twin) is Jid
