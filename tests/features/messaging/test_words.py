"""Words and searches as such: what is read, and that nothing slips through the quotes."""

# ruff: noqa: RUF001  letters of other scripts are what is looked for

import re

from hypothesis import given
from hypothesis import strategies as st

from wagate.domain.errors import InvalidSearch
from wagate.features.messaging.query import Query, highlights
from wagate.features.messaging.repository.search import stored_words
from wagate.features.messaging.words import composed, pair_marks, word_list, words

_WORD = re.compile(r"[0-9a-z\x80-\U0010ffff]+\Z")


def test_words_are_folded_pairs_and_pictographs() -> None:
    assert word_list("Olá, E-MAIL!") == ["ola", "e", "mail"]
    assert word_list("你好世界") == ["你好", "好世", "世界", "界"]
    assert word_list("ok👍🏽😀") == ["ok", "👍", "😀"]
    assert word_list("Straße ﬁn ½") == ["strasse", "fin", "1⁄2"]


@given(st.text(max_size=200))
def test_whatever_was_said_is_words_that_no_database_reads_as_its_own(text: str) -> None:
    for word in word_list(text):
        assert _WORD.match(word), word
        assert not any(char.isspace() for char in word)
    composed_text = composed(text)
    for _, start, end in words(composed_text):
        assert 0 <= start < end <= len(composed_text)


@given(st.text(max_size=60))
def test_any_search_is_read_or_refused_and_asks_only_for_quoted_words(text: str) -> None:
    try:
        query = Query.read(text)
    except InvalidSearch:
        return
    asked = query.for_sqlite(["_t"])
    bare = re.sub(r'"[^"]*"', "", asked)
    assert set(bare) <= set("()* ANDOT"), asked
    asked = query.for_postgresql(["_t"])
    assert set(re.sub(r"'[^']*'", "", asked)) <= set("()*:&|!<-> "), asked


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_whoever_quotes_a_message_finds_it_and_sees_where(text: str) -> None:
    said = word_list(text)
    phrase = '"' + text.replace('"', " ") + '"'
    if not said or not word_list(phrase):
        return
    query = Query.read(phrase)
    if word_list(phrase) == said:
        assert query.matches(said)
        assert query.in_line(["_t"])(stored_words("sqlite", said, ["_t"]))
        assert highlights(words(composed(text)), query)


def test_only_pairs_of_short_words_of_scripts_that_part_them_are_marked() -> None:
    assert pair_marks(word_list("One of the three: of the ДЛЯ нас")) == [
        "__one_of",
        "__of_the",
        "__of_the",
        "__the_для",
        "__для_нас",
    ]
    assert pair_marks(word_list("你好世界 👍👍 안녕 오")) == []
    assert pair_marks(["of"]) == []
    assert Query.read('"of the world" in-a* to be -"or not"').pairs == ("__of_the",)
