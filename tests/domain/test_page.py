import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagate.domain.errors import InvalidCursor
from wagate.domain.page import read_cursor, write_cursor


@given(st.text(), st.text())
def test_a_cursor_leads_back_to_its_position(name: str, position: str) -> None:
    cursor = write_cursor(name, position)
    assert read_cursor(name, cursor) == position
    assert cursor.isascii()
    assert "=" not in cursor


@given(st.text(max_size=40))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor("list", text)


@given(st.data())
def test_an_altered_cursor_is_refused(data: st.DataObject) -> None:
    cursor = write_cursor("list.asc", "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    place = data.draw(st.integers(0, len(cursor) - 2))
    other = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda character: character != cursor[place]))
    with pytest.raises(InvalidCursor):
        read_cursor("list.asc", cursor[:place] + other + cursor[place + 1 :])


def test_another_lists_cursor_is_refused() -> None:
    with pytest.raises(InvalidCursor, match="another list"):
        read_cursor("list.desc", write_cursor("list.asc", "x"))
