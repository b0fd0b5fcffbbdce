"""Media files, encrypted and decrypted as streams: against another composition of the primitives, and when damaged."""

import hmac
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.crypto.ciphers import aes_cbc_encrypt
from whatsapp_wire.crypto.kdf import hkdf
from whatsapp_wire.errors import InvalidKey, MediaDamaged, WireError
from whatsapp_wire.media.keys import MediaKeys
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaOpener, MediaSecret
from whatsapp_wire.media.sealing import MediaSealer, SealedMedia, sealed_size
from whatsapp_wire.media.sidecar import Sidecar

KEY = bytes(range(32))
KINDS = st.sampled_from(MediaKind)

MAC_KEYS = {
    MediaKind.IMAGE: "91d09ffec108833c1699574c52657923fb6e3e161d9698bc6b3a05fbc508a515",
    MediaKind.STICKER: "91d09ffec108833c1699574c52657923fb6e3e161d9698bc6b3a05fbc508a515",
    MediaKind.VIDEO: "259ad46118adcf3cd134ae881831c6865db31a8fa0bbce7bc3bcb9fcf369fcda",
    MediaKind.AUDIO: "9ec93580944b6656b0babacf55026028ff6c68bb134a4fd082c12b5463a3bb79",
    MediaKind.DOCUMENT: "94a393dafdca1265c99e197425de98f15f7d87d34714ea901f7eefc29c99e5ac",
    MediaKind.IMAGE_THUMBNAIL: "e844b1609fb852d00228ce135a22c1193d29c062a62e5d664a35183e2cd6caf2",
    MediaKind.VIDEO_THUMBNAIL: "8e2b5cbf16daed117375de17bf05cf088fc082743dace7715801c63f1271c976",
    MediaKind.DOCUMENT_THUMBNAIL: "9bd4e48c5806115a5dbae07b9a7b08dcd7e206e4f93ffde958e00cb88dd2b6fe",
    MediaKind.LINK_THUMBNAIL: "fe127195f24f776f878e77e9d781ce237265353c8d2cd37b0a4f67dcdd3f039f",
    MediaKind.HISTORY: "9e46652edeb6d05209b09762f8ad479d416bd00e4998e65be81ecc5580861b2f",
    MediaKind.APP_STATE: "d7e9c1661294927c19e760e82c4ab1702e01dcff5d2b7a8a7c94899efb3e47cd",
}
"""What Baileys 7.0.0-rc14 (`getMediaKeys`) derives from the bytes 0 to 31."""
CUTS = st.lists(st.integers(0, 400), max_size=8)


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    return [content[start:end] for start, end in pairwise(places)]


def seal(plaintext: bytes, kind: MediaKind, cuts: list[int] | None = None) -> tuple[bytes, SealedMedia]:
    sealer = MediaSealer(KEY, kind)
    begun = b"".join([sealer.update(piece) for piece in pieces(plaintext, cuts or [])])
    last, told = sealer.finish()
    return begun + last, told


def secret_of(told: SealedMedia, kind: MediaKind) -> MediaSecret:
    return MediaSecret(kind, KEY, told.sha256, told.enc_sha256, told.size)


def unseal(sealed: bytes, secret: MediaSecret, cuts: list[int] | None = None) -> bytes:
    opener = MediaOpener(secret)
    begun = b"".join([opener.update(piece) for piece in pieces(sealed, cuts or [])])
    return begun + opener.finish()


def test_keys_are_those_that_baileys_derives() -> None:
    assert {kind: MediaKeys.expand(KEY, kind).mac_key.hex() for kind in MAC_KEYS} == MAC_KEYS
    image = MediaKeys.expand(KEY, MediaKind.IMAGE)
    assert image.iv.hex() == "aa6a127218397cbd2383e4ccf7176a79"
    assert image.cipher_key.hex() == "008c9aea9b7c5d81eb56b3f530f87d42dcc92d27b11ad6b5bd66f0560d0d8c46"


def test_every_kind_but_the_sticker_has_keys_of_its_own() -> None:
    expanded = [MediaKeys.expand(KEY, kind) for kind in MediaKind if kind is not MediaKind.STICKER]
    assert len(set(expanded)) == len(expanded)
    assert MediaKeys.expand(KEY, MediaKind.STICKER) == MediaKeys.expand(KEY, MediaKind.IMAGE)
    assert MediaKind.STICKER.upload_word == "image"
    assert MediaKind.HISTORY.upload_word == "md-msg-hist"


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(InvalidKey):
        MediaSealer(bytes(size), MediaKind.IMAGE)


def test_keys_are_not_shown() -> None:
    assert KEY.hex() not in repr(MediaSecret(MediaKind.IMAGE, KEY, b"", b"")).replace("\\x", "")
    assert "=b" not in repr(MediaKeys.expand(KEY, MediaKind.IMAGE))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), KINDS, CUTS)
def test_a_file_is_what_the_primitives_make_of_it_in_one_go(plaintext: bytes, kind: MediaKind, cuts: list[int]) -> None:
    expanded = hkdf(KEY, kind.key_info, 112)
    ciphertext = aes_cbc_encrypt(expanded[16:48], expanded[:16], plaintext)
    mac = hmac.digest(expanded[48:80], expanded[:16] + ciphertext, "sha256")[:10]
    sealed, told = seal(plaintext, kind, cuts)
    assert sealed == ciphertext + mac
    assert told.sha256 == sha256(plaintext).digest()
    assert told.enc_sha256 == sha256(sealed).digest()
    assert (told.size, told.sealed_size) == (len(plaintext), len(sealed))
    assert sealed_size(len(plaintext)) == len(sealed)
    assert (told.sidecar is not None) == (kind in (MediaKind.VIDEO, MediaKind.AUDIO))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), KINDS, CUTS, CUTS)
def test_a_file_comes_back_however_it_is_cut(
    plaintext: bytes, kind: MediaKind, cuts: list[int], more: list[int]
) -> None:
    sealed, told = seal(plaintext, kind, cuts)
    assert unseal(sealed, secret_of(told, kind), more) == plaintext
    assert unseal(sealed, MediaSecret(kind, KEY, told.sha256, told.enc_sha256), more) == plaintext


def test_memory_does_not_grow_with_the_file() -> None:
    sealer, chunk = MediaSealer(KEY, MediaKind.DOCUMENT), bytes(1 << 16)
    told = [len(sealer.update(chunk)) for _ in range(32)]
    assert told == [1 << 16] * 32
    sealed, announced = seal(chunk * 4, MediaKind.DOCUMENT)
    opener = MediaOpener(secret_of(announced, MediaKind.DOCUMENT))
    given_back = [len(opener.update(piece)) for piece in pieces(sealed, list(range(0, len(sealed), 1 << 14)))]
    assert len(sealed) - sum(given_back) <= 26 + 15


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.data())
def test_a_damaged_file_is_never_called_good(plaintext: bytes, data: st.DataObject) -> None:
    sealed, told = seal(plaintext, MediaKind.IMAGE)
    damage = data.draw(st.sampled_from(["flip", "cut", "add", "drop"]))
    at = data.draw(st.integers(0, len(sealed) - 1))
    if damage == "flip":
        spoilt = sealed[:at] + bytes((sealed[at] ^ data.draw(st.integers(1, 255)),)) + sealed[at + 1 :]
    elif damage == "cut":
        spoilt = sealed[:at]
    elif damage == "add":
        spoilt = sealed + data.draw(st.binary(min_size=1, max_size=40))
    else:
        spoilt = sealed[:at] + sealed[at + 1 :]
    for secret in (secret_of(told, MediaKind.IMAGE), MediaSecret(MediaKind.IMAGE, KEY, told.sha256, told.enc_sha256)):
        with pytest.raises(MediaDamaged):
            unseal(spoilt, secret, [at])


def test_the_mac_is_checked_before_the_padding_and_the_hashes() -> None:
    sealed, told = seal(b"image", MediaKind.IMAGE)
    with pytest.raises(MediaDamaged, match="MAC"):
        unseal(bytes((sealed[0] ^ 1,)) + sealed[1:], secret_of(told, MediaKind.IMAGE))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sha256": bytes(32)}, "not the one"),
        ({"enc_sha256": bytes(32)}, "not the one"),
        ({"size": 4}, "not the one"),
        ({"size": 5 + 16}, "not the one"),
        ({"kind": MediaKind.VIDEO}, "MAC"),
        ({"media_key": bytes(32)}, "MAC"),
    ],
)
def test_another_file_than_announced_is_refused(changes: dict[str, object], complaint: str) -> None:
    sealed, told = seal(b"image", MediaKind.IMAGE)
    wanted = {
        "kind": MediaKind.IMAGE,
        "media_key": KEY,
        "sha256": told.sha256,
        "enc_sha256": told.enc_sha256,
        "size": told.size,
    }
    with pytest.raises(MediaDamaged, match=complaint):
        unseal(sealed, MediaSecret(**(wanted | changes)))  # type: ignore[arg-type]  # a table of wrong values


def test_a_file_longer_than_announced_is_refused_before_its_end() -> None:
    _, told = seal(bytes(100), MediaKind.IMAGE)
    opener = MediaOpener(secret_of(told, MediaKind.IMAGE))
    opener.update(bytes(sealed_size(100)))
    with pytest.raises(MediaDamaged, match="longer"):
        opener.update(b"\x00")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), KINDS, CUTS)
def test_anything_at_all_is_refused_in_our_own_words(junk: bytes, kind: MediaKind, cuts: list[int]) -> None:
    with pytest.raises(WireError):
        unseal(junk, MediaSecret(kind, KEY, sha256(junk).digest(), sha256(junk).digest()), cuts)


@pytest.mark.parametrize("size", [0, 65_536 - 16, 65_536 - 42, 65_536 - 26, 65_536 - 25, 65_536, 200_000])
@pytest.mark.parametrize("step", [1 << 20, 4096, 65_537])
def test_a_sidecar_signs_overlapping_windows(size: int, step: int) -> None:
    """The same windows, cut from the whole file; the rule was checked against files of an official client."""
    plaintext = bytes(number % 251 for number in range(size))
    sealed, told = seal(plaintext, MediaKind.VIDEO, list(range(step, size, step)))
    keys = MediaKeys.expand(KEY, MediaKind.VIDEO)
    whole = keys.iv + sealed
    macs = [
        hmac.digest(keys.mac_key, whole[start : start + 65_536 + 16], "sha256")[:10]
        for start in range(0, len(sealed), 65_536)
    ]
    assert told.sidecar == b"".join(macs)


def test_a_sidecar_of_a_published_length() -> None:
    """A video of 393,736 bytes that an official client encrypted has 70 bytes of sidecar: seven windows."""
    sidecar = Sidecar(bytes(32), bytes(16))
    sidecar.update(bytes(sealed_size(393_736)))
    assert len(sidecar.finish()) == 70
