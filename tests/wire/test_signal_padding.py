"""Padding: any plaintext comes back, and what is no padding is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp_wire.errors import MalformedCiphertext
from whatsapp_wire.signal.padding import pad, unpad


@given(st.binary(max_size=100))
def test_a_padded_plaintext_comes_back(plaintext: bytes) -> None:
    padded = pad(plaintext)
    assert 1 <= len(padded) - len(plaintext) <= 15
    assert unpad(padded) == plaintext


@pytest.mark.parametrize("padded", [b"", b"\x00", b"text\x00", b"\x03\x03", b"te\x02\x03\x03", b"\x04\x04\x04"])
def test_what_is_no_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(MalformedCiphertext):
        unpad(padded)
