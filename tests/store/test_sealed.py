"""Sealed values open in their place, with their key, whole; and in no other case."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagate.store import open_database
from wagate.store.sealed import Box, MasterKey, MasterKeyUnusable, Sealer, Unsealable

KEY = MasterKey.of(bytes(range(32)))
OLD = MasterKey.of(bytes(reversed(range(32))))


def box(purpose: str = "vault_record|ses_1", *keys: MasterKey) -> Box:
    return Sealer(*(keys or (KEY,))).box(purpose)


@given(st.binary(max_size=2000), st.text(max_size=80))
def test_what_is_sealed_can_be_opened_in_its_place(plaintext: bytes, place: str) -> None:
    sealed = box().seal(place, plaintext)
    assert box().open(place, sealed) == plaintext
    assert plaintext == b"" or len(plaintext) < 4 or plaintext not in sealed
    assert len(sealed) == len(plaintext) + 33


@given(st.binary(min_size=1, max_size=60), st.data())
def test_no_changed_bit_goes_unnoticed(plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(box().seal("place", plaintext))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unsealable):
        box().open("place", bytes(sealed))


@given(st.binary(max_size=60))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(Unsealable):
        box().open("place", noise)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_a_cut_off_value_is_refused(plaintext: bytes, length: int) -> None:
    sealed = box().seal("place", plaintext)
    if length < len(sealed):
        with pytest.raises(Unsealable):
            box().open("place", sealed[:length])


def test_a_value_cannot_be_moved() -> None:
    sealed = box().seal("session\0a", b"secret")
    with pytest.raises(Unsealable):
        box().open("session\0b", sealed)
    with pytest.raises(Unsealable):
        box("vault_record|ses_2").open("session\0a", sealed)
    with pytest.raises(Unsealable):
        box("webhook_secret|ses_1").open("session\0a", sealed)


def test_equal_values_do_not_look_equal() -> None:
    assert box().seal("place", b"secret") != box().seal("place", b"secret")


def test_a_replaced_key_still_opens_and_no_longer_seals() -> None:
    sealed = box("p", OLD).seal("place", b"secret")
    both = box("p", KEY, OLD)
    assert both.open("place", sealed) == b"secret"
    with pytest.raises(Unsealable, match="another master key"):
        box("p", KEY).open("place", sealed)
    assert box("p", KEY).open("place", both.seal("place", b"new")) == b"new"


def test_a_master_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = MasterKey.load_or_make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert MasterKey.load_or_make(path) == made
    assert len(made.secret) == 32
    assert MasterKey.load_or_make(tmp_path / "other.key") != made


@pytest.mark.parametrize("content", ["", "short", "A" * 44, "é" * 44, "=" * 44])
def test_a_damaged_master_key_is_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(content, "utf-8")
    with pytest.raises(MasterKeyUnusable):
        MasterKey.load_or_make(path)
    assert path.read_text("utf-8") == content


def test_a_master_key_does_not_show_itself() -> None:
    assert repr(KEY.secret)[2:10] not in repr(KEY)
    assert KEY.secret.hex() not in repr(KEY)


async def test_a_database_knows_the_key_that_it_was_sealed_with(migrated_url: str) -> None:
    database = await open_database(migrated_url)
    await Sealer(OLD).check(database)
    await Sealer(OLD).check(database)
    with pytest.raises(MasterKeyUnusable, match=OLD.id.hex()):
        await Sealer(KEY).check(database)
    await Sealer(KEY, OLD).check(database)
    with pytest.raises(MasterKeyUnusable):
        await Sealer(KEY).check(database)
    await database.close()
