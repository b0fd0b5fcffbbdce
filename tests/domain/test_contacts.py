"""One number in its spellings."""

import pytest

from wagate.domain.contacts import AUDIENCES, Audience, Privacy, spellings
from wagate.domain.jid import parse_recipient


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("551188887777", "5511988887777"),
        ("543516123456", "5493516123456"),
        ("525512345678", "5215512345678"),
    ],
)
def test_a_mobile_number_has_two_spellings_the_given_one_first(short: str, long: str) -> None:
    assert spellings(short) == (short, long)
    assert spellings(long) == (long, short)


@pytest.mark.parametrize(
    "digits",
    [
        "4915112345678",
        "15551234567",
        "551133334444",
        "5511588887777",
        "54935161234",
        "52551234567",
        "55",
        "5411",
        "521",
    ],
)
def test_other_numbers_have_one(digits: str) -> None:
    assert spellings(digits) == (digits,)


@pytest.mark.parametrize("digits", ["5511988887777", "5493516123456", "5215512345678"])
def test_thirteen_digits_survive(digits: str) -> None:
    for written in (digits, f"+{digits}", f"00{digits}", f"{digits}@c.us", f"+{digits[:2]} {digits[2:]}"):
        assert parse_recipient(written).phone == f"+{digits}"


def test_every_setting_takes_some_words() -> None:
    assert set(AUDIENCES) == set(Privacy)
    assert all(Audience.EVERYBODY in words for words in AUDIENCES.values())
