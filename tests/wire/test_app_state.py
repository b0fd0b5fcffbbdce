"""App state on the wire: vectors, round trips, and what happens to bytes that somebody touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_wire.app_state import actions, patches
from whatsapp_wire.app_state.actions import Action, MessageRef, Range
from whatsapp_wire.app_state.blobs import MAX_BLOB, file_of, parse_reference, reference_to
from whatsapp_wire.app_state.collection import START, Collection, Position
from whatsapp_wire.app_state.keys import MutationKeys, Operation
from whatsapp_wire.app_state.lthash import HASH_SIZE, fold
from whatsapp_wire.app_state.mutations import MAX_INDEX, Mutation, SharedKey, open_sealed, read_index, seal, write_index
from whatsapp_wire.app_state.patches import Reading
from whatsapp_wire.errors import AppStateDamaged, AppStateKeyMissing, InvalidKey, WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.proto.app_state_pb2 import (
    SyncActionValue,
    SyncdMutation,
    SyncdMutations,
    SyncdPatch,
    SyncdRecord,
    SyncdSnapshot,
    SyncdVersion,
)

KEY = SharedKey(b"\x00\x01abcd", MutationKeys.expand(bytes(range(32))))
KEYS: Mapping[bytes, MutationKeys] = {KEY.id: KEY.keys}
ANA, GROUP = Jid("551190000@s.whatsapp.net"), Jid("12345@g.us")
LID = Jid("98765@lid")
NAME = Collection.REGULAR_LOW


def test_keys_are_expanded_as_other_clients_do() -> None:
    # Baileys 7 `expandAppStateKeys` (HKDF-SHA256, "WhatsApp Mutation Keys", 160 bytes) for the key 00 01 … 1f.
    keys = MutationKeys.expand(bytes(range(32)))
    whole = keys.index + keys.encryption + keys.value + keys.snapshot + keys.patch
    assert len(whole) == 160
    assert sha256(whole).hexdigest() == "9113e703ae91dc6916018d3db02e77f307cdb18055d4b0ecbd396875f74e8cbb"
    with pytest.raises(InvalidKey):
        MutationKeys.expand(b"short")


def test_the_hash_is_what_other_clients_compute() -> None:
    # Baileys 7 `LT_HASH_ANTI_TAMPERING` of these members, added one after the other to nothing.
    members = [bytes((number,)) * 32 for number in (1, 2, 255)]
    assert (
        sha256(fold(START.hash, (), members)).hexdigest()
        == "9acfbc3ee5ff07ceb0b9b66be5643fc22deb1818e5d176da9da00a770e06f7c9"
    )


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.randoms(use_true_random=False))
def test_the_hash_does_not_know_an_order_and_forgets_what_goes(members: list[bytes], random: Random) -> None:
    whole = fold(START.hash, (), members)
    shuffled = list(members)
    random.shuffle(shuffled)
    assert fold(START.hash, (), shuffled) == whole
    assert fold(whole, shuffled, ()) == START.hash
    assert fold(whole, [b"never there"], ()) != whole


def test_a_hash_has_a_size() -> None:
    with pytest.raises(ValueError, match="128 bytes"):
        fold(bytes(HASH_SIZE - 1), (), ())


_JIDS = st.sampled_from([ANA, GROUP, LID])
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
_REFERENCES = st.builds(
    MessageRef, st.just(GROUP), st.from_regex(r"\A3EB0[0-9A-F]{8}\Z"), st.just(False), st.sampled_from([ANA, LID])
) | st.builds(MessageRef, st.sampled_from([ANA, LID]), st.from_regex(r"\A3A[0-9A-F]{8}\Z"), st.booleans())
_MOMENTS = st.integers(1, 4_000_000_000)
_RANGES = st.builds(Range, _MOMENTS, st.lists(st.tuples(_REFERENCES, _MOMENTS), max_size=3).map(tuple))
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(actions.Archive, _JIDS, st.booleans(), _RANGES),
    st.builds(actions.Pin, _JIDS, st.booleans()),
    st.builds(actions.Mute, _JIDS, st.none() | st.just(actions.FOREVER) | _MOMENTS),
    st.builds(actions.MarkRead, _JIDS, st.booleans(), _RANGES),
    st.builds(actions.Clear, _JIDS, st.booleans(), st.booleans(), _RANGES),
    st.builds(actions.DeleteChat, _JIDS, st.booleans(), _RANGES),
    st.builds(actions.Star, _REFERENCES, st.booleans()),
    st.builds(actions.DeleteForMe, _REFERENCES, st.booleans(), _MOMENTS),
    st.builds(actions.SaveContact, st.just(ANA), _TEXTS, _TEXTS, st.none() | st.just(LID), st.none(), _TEXTS),
    st.builds(actions.SaveContact, st.just(LID), _TEXTS, _TEXTS),
    st.builds(actions.SaveContact, st.sampled_from([ANA, LID]), st.just("")),
    st.builds(actions.SetPushName, _TEXTS),
    st.builds(actions.NameNumber, st.just(LID), st.just(ANA)),
)


@given(ACTIONS, st.integers(0, 1 << 40))
def test_every_action_survives_the_way_through_a_patch(action: Action, at: int) -> None:
    mutation = actions.mutation_of(action, at)
    opened = open_sealed(seal(mutation, KEY), KEYS)
    assert opened.index == actions.index_of(action)
    assert (opened.value.timestamp, opened.version) == (at, mutation.version)
    assert actions.read_action(opened) == action


def _write(done: list[Action], position: Position = START, values: dict[bytes, bytes] | None = None) -> SyncdPatch:
    mutations = [actions.mutation_of(action, 1) for action in done]
    patch, _ = patches.write_patch(NAME, position, values or {}, mutations, KEY)
    patch.version.version = position.version + 1
    return patch


def _read(patch: SyncdPatch, position: Position = START, values: dict[bytes, bytes] | None = None) -> Reading:
    return patches.read_patch(NAME, patches.parse_patch(patch.SerializeToString()), position, values or {}, KEYS)


@given(st.lists(st.lists(ACTIONS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_patches_lead_to_where_a_snapshot_of_them_does(history: list[list[Action]]) -> None:
    position, values, records, patch = START, dict[bytes, bytes](), dict[bytes, SyncdRecord](), SyncdPatch()
    for done in history:
        patch = _write(done, position, values)
        reading = _read(patch, position, values)
        position = reading.position
        for index, value in reading.changes.items():
            values.pop(index, None)
            if value is not None:
                values[index] = value
        for mutation in patch.mutations:
            records.pop(mutation.record.index.blob, None)
            if mutation.operation == SyncdMutation.SET:
                records[mutation.record.index.blob] = mutation.record
        assert [actions.read_action(each) for each in reading.mutations] == done
    snapshot = SyncdSnapshot(
        version=SyncdVersion(version=position.version),
        records=records.values(),
        mac=patch.snapshot_mac,
        key_id=patch.key_id,
    )
    whole = patches.read_snapshot(NAME, patches.parse_snapshot(snapshot.SerializeToString()), KEYS)
    assert whole.position == position
    assert whole.changes == values


@given(st.data())
def test_whatever_is_changed_in_a_patch_it_is_damage_and_nothing_else(data: st.DataObject) -> None:
    encoded = bytearray(_write([actions.Pin(ANA, on=True), actions.Mute(GROUP, 5)]).SerializeToString())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    original = _read(_write([actions.Pin(ANA, on=True), actions.Mute(GROUP, 5)]))
    try:
        patch = patches.parse_patch(bytes(encoded))
        reading = patches.read_patch(NAME, patch, START, {}, KEYS)
    except (AppStateDamaged, AppStateKeyMissing):
        return
    # Bits that mean nothing to anybody (a field that is not known) may change.
    assert [actions.read_action(each) for each in reading.mutations] == [
        actions.read_action(each) for each in original.mutations
    ]


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_our_own_errors(blob: bytes) -> None:
    for read in (
        lambda: patches.read_patch(NAME, patches.parse_patch(blob), START, {}, KEYS),
        lambda: patches.read_snapshot(NAME, patches.parse_snapshot(blob), KEYS),
        lambda: file_of(parse_reference(blob)),
        lambda: patches.put_mutations(SyncdPatch(), blob),
    ):
        try:
            read()
        except WireError:
            continue


def test_a_patch_for_another_collection_position_or_key_is_damage() -> None:
    patch = _write([actions.Pin(ANA, on=True)])
    with pytest.raises(AppStateDamaged, match="collection"):
        patches.read_patch(Collection.REGULAR, patch, START, {}, KEYS)
    with pytest.raises(AppStateDamaged, match="follow"):
        _read(patch, Position(1, START.hash))
    with pytest.raises(AppStateKeyMissing):
        patches.read_patch(NAME, patch, START, {}, {})
    assert patches.missing_keys(patch, ()) == {KEY.id}
    with pytest.raises(AppStateDamaged, match="collection"):
        _read(patch, START, {patch.mutations[0].record.index.blob: bytes(32)})


def test_two_values_for_one_index_are_no_snapshot() -> None:
    record = _write([actions.Pin(ANA, on=True)]).mutations[0].record
    with pytest.raises(AppStateDamaged, match="two values"):
        patches.read_snapshot(NAME, SyncdSnapshot(records=[record, record]), KEYS)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_an_index_is_compact_json(parts: list[str]) -> None:
    parts = [part.encode("utf-8", "ignore").decode() for part in parts]
    written = write_index(tuple(parts))
    assert json.loads(written) == parts
    assert read_index(written) == tuple(parts)


@pytest.mark.parametrize("index", [b"", b"{}", b'["a",1]', b"[" * 5_000, b'["' + b"x" * MAX_INDEX + b'"]', b"\xff"])
def test_what_is_no_index_says_nothing(index: bytes) -> None:
    assert read_index(index) == ()
    assert actions.read_action(Mutation(Operation.SET, read_index(index), SyncActionValue(), 1)) is None


@pytest.mark.parametrize(
    "index",
    [("archive",), ("archive", "nobody"), ("star", "1@lid", "X"), ("pnForLidChat", "1@lid"), ("unheard_of", "1@lid")],
)
def test_an_index_that_lacks_something_says_nothing(index: tuple[str, ...]) -> None:
    assert actions.read_action(Mutation(Operation.SET, index, SyncActionValue(), 1)) is None


def test_only_a_contact_is_removed_by_a_removal() -> None:
    pin = actions.mutation_of(actions.Pin(ANA, on=True), 1)
    assert actions.read_action(Mutation(Operation.REMOVE, pin.index, pin.value, pin.version)) is None
    gone = Mutation(Operation.REMOVE, ("contact", ANA), SyncActionValue(), 2)
    assert actions.read_action(gone) == actions.SaveContact(ANA, "")


def test_a_reference_to_a_file_is_whole_and_has_a_limit() -> None:
    secret = MediaSecret(MediaKind.APP_STATE, bytes(32), bytes(32), bytes(32), 17)
    file = MediaFile(secret, "/v/t62.7118-24/x.enc?ccb=1")
    reference = reference_to(file)
    assert file_of(parse_reference(reference.SerializeToString())) == file
    reference.file_size_bytes = MAX_BLOB + 1
    with pytest.raises(AppStateDamaged, match="too large"):
        file_of(reference)
    reference.ClearField("media_key")
    with pytest.raises(AppStateDamaged, match="incomplete"):
        file_of(reference)


def test_mutations_in_a_file_of_their_own_are_put_back() -> None:
    patch = _write([actions.Pin(ANA, on=True)])
    blob = SyncdMutations(mutations=patch.mutations).SerializeToString()
    patch.ClearField("mutations")
    with pytest.raises(AppStateDamaged):
        _read(patch)
    patches.put_mutations(patch, blob)
    assert [actions.read_action(each) for each in _read(patch).mutations] == [actions.Pin(ANA, on=True)]
