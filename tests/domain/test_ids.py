from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wagate.domain.ids import message_id, ulid, wa_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def read(text: str) -> int:
    number = 0
    for character in text:
        number = number * 32 + ALPHABET.index(character)
    return number


@given(st.integers(0, 2**48 - 1))
def test_an_id_says_its_millisecond(now_ms: int) -> None:
    text = ulid(now_ms)
    assert len(text) == 26
    assert read(text) >> 80 == now_ms


@given(st.lists(st.integers(1, 3), max_size=50))
def test_ids_sort_in_the_order_in_which_they_were_made(steps: list[int]) -> None:
    now_ms = 1_800_000_000_000
    made = []
    for step in steps:
        made += [ulid(now_ms) for _ in range(20)]
        now_ms += step
    assert made == sorted(set(made))


def test_ids_of_one_millisecond_are_not_guessed_from_one_another() -> None:
    made = [read(message_id(1)[4:]) for _ in range(100)]
    steps = [later - earlier for earlier, later in pairwise(made)]
    assert len(set(steps)) == len(steps)


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    assert ulid(5) < ulid(6)
    assert read(ulid(5)) >> 80 == 5


def test_a_whatsapp_id_has_the_form_of_a_web_client() -> None:
    made = {wa_id() for _ in range(100)}
    assert len(made) == 100
    assert all(text.startswith("3EB0") and len(text) == 22 and set(text) <= set("0123456789ABCDEF") for text in made)
