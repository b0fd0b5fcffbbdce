"""What is kept survives being stored, and what is damaged is told from what is not there."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagate.adapters.engines.native.machine.records import (
    Asked,
    ContactToken,
    DeviceList,
    Holders,
    Membership,
    Sent,
    Unacked,
    remember,
    was_seen,
)
from wagate.ports.vault import RecordUnreadable
from whatsapp_wire.jid import Jid

CHAT = Jid("1@lid")
_IDS = st.text("0123456789ABCDEF", min_size=1, max_size=20)


@given(_IDS, st.binary(max_size=300), st.dictionaries(_IDS, st.integers(0, 9), max_size=3))
def test_values_come_back(id: str, some: bytes, answered: dict[str, int]) -> None:
    sent = Sent(CHAT, some, 1.5, answered)
    assert Sent.unpack(sent.pack()) == sent
    unacked = Unacked(id, CHAT, "2:abc", some)
    assert Unacked.unpack(unacked.pack()) == unacked
    token = ContactToken(some, len(some), 7)
    assert ContactToken.unpack(token.pack()) == token
    assert ContactToken.unpack(None) == ContactToken()


@given(st.lists(st.integers(0, 99), max_size=5))
def test_device_lists_come_back(numbers: list[int]) -> None:
    devices = DeviceList(1_800_000_000, tuple(CHAT.with_device(number) for number in numbers))
    assert DeviceList.unpack(devices.pack()) == devices


@given(st.sets(st.integers(1, 99), max_size=5), st.sets(st.integers(1, 99), max_size=5), st.booleans())
def test_groups_and_who_has_their_keys_come_back(some: set[int], others: set[int], by_lid: bool) -> None:
    members = tuple(Jid(f"{number}@lid") for number in sorted(some))
    membership = Membership(1_800_000_000, by_lid, members)
    assert Membership.unpack(membership.pack()) == membership
    came, went = [Jid(f"{number}@lid") for number in sorted(others)], members[:1]
    changed = membership.changed(came, went)
    assert set(changed.members) == (set(members) - set(went)) | set(came)
    assert len(set(changed.members)) == len(changed.members)
    holders = Holders(frozenset(map(str, members)), frozenset(map(str, members[:2])))
    assert Holders.unpack(holders.pack()) == holders
    assert Holders.unpack(None) == Holders()


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=5))
def test_damage_is_told_and_nothing_else_is_raised(fields: list[bytes]) -> None:
    value = b"\x01" + b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    for unpack in (
        Sent.unpack,
        Unacked.unpack,
        ContactToken.unpack,
        DeviceList.unpack,
        Asked.unpack,
        Membership.unpack,
    ):
        with suppress(RecordUnreadable):
            unpack(value)


@pytest.mark.parametrize("cut", [1, 3, 10])
def test_a_cut_record_is_unreadable(cut: int) -> None:
    packed = Unacked("3EB0", CHAT, "2:abc", b"stanza").pack()
    for damaged in (packed[:-cut], packed + b"x", b"\x02" + packed[1:], b""):
        with pytest.raises(RecordUnreadable):
            Unacked.unpack(damaged)


@given(st.lists(_IDS, max_size=300, unique=True), _IDS)
def test_the_newest_messages_are_known(ids: list[str], other: str) -> None:
    seen = None
    for id in ids:
        seen = remember(seen, CHAT, id)
    newest, older = ids[-128:], ids[:-128]
    assert all(was_seen(seen, CHAT, id) for id in newest)
    assert not any(was_seen(seen, CHAT, id) for id in older)
    assert not was_seen(seen, Jid("2@lid"), ids[-1] if ids else other)
    assert len(seen or b"") <= 1024
