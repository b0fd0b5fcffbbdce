"""Filling templates: one pass over the texts, and nothing but the texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagate.domain.content import (
    Button,
    Buttons,
    Document,
    EventInvite,
    Image,
    ListMenu,
    Location,
    Poll,
    Row,
    Section,
    Text,
    Video,
)
from wagate.domain.errors import InvalidContent
from wagate.domain.ids import MediaId
from wagate.domain.jid import Jid
from wagate.domain.templates import (
    MAX_FILLED,
    TemplateContent,
    TemplateUse,
    VariablesMissing,
    VariablesUnknown,
    filled,
    mentioning,
    variables_of,
)

NAMES = st.from_regex(r"\A[A-Za-z0-9_]{1,12}\Z")
LITERALS = st.text(alphabet="ab {}$%.*_\\g<0>\n", max_size=12).filter(lambda text: "{{" not in text)
HOSTILE = ["{{7*7}}", "{{a.b}}", "{0.__class__}", "${x}", "{% if x %}", "{{}}", "{{ }}", "{{ä}}", "{{a b}}", "{{a\n}}"]

EVERY_KIND: list[TemplateContent] = [
    Text("{{1}}"),
    Image(MediaId("med_{{x}}"), "{{1}}"),
    Video(MediaId("med_{{x}}"), "{{1}}", gif=True),
    Document(MediaId("med_{{x}}"), "{{1}}.pdf", "{{2}}"),
    Location(1.0, 2.0, "{{1}}", "{{2}}"),
    Poll("{{1}}", ("{{2}}", "{{3}}")),
    EventInvite("{{1}}", 7, None, "{{2}}", "{{3}}", "https://example.org/{{x}}"),
    Buttons("{{1}}", (Button("{{x}}", "{{2}}", "https://example.org/{{x}}", "{{x}}"),), "{{3}}"),
    ListMenu("{{2}}", "{{3}}", (Section("{{4}}", (Row("{{x}}", "{{5}}", "{{6}}"),)),), "{{1}}", "{{7}}"),
]


@given(st.lists(st.tuples(LITERALS, NAMES)), LITERALS, st.data())
def test_each_place_becomes_its_value_and_the_rest_stays(
    parts: list[tuple[str, str]], end: str, data: st.DataObject
) -> None:
    body = "".join(f"{literal}{{{{{name}}}}}" for literal, name in parts) + end
    values = {name: data.draw(st.text(alphabet="ab{}1 \\g<0>", max_size=20)) for _, name in parts}
    said = filled(Text(body), values)
    assert said == Text("".join(literal + values[name] for literal, name in parts) + end)
    assert variables_of(Text(body)) == tuple(dict.fromkeys(name for _, name in parts))


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_value_is_never_looked_into(one: str, other: str) -> None:
    text = Text("{{a}}|{{ b }}")
    assert filled(text, {"a": "{{b}}" + one, "b": "{{a}}" + other}) == Text("{{b}}" + one + "|{{a}}" + other)


@given(st.text(max_size=60).filter(lambda text: not re.search(r"\{\{ *[A-Za-z0-9_]", text)))
def test_what_is_no_place_is_plain_text(body: str) -> None:
    assert variables_of(Text(body)) == ()
    assert filled(Text(body), {}) == Text(body)


@pytest.mark.parametrize("body", HOSTILE)
def test_expressions_are_plain_text(body: str) -> None:
    assert filled(Text(f"{body} {{{{ok}}}}"), {"ok": body}) == Text(f"{body} {body}")


@pytest.mark.parametrize("content", EVERY_KIND, ids=lambda content: content.type)
def test_every_text_of_every_kind_is_filled_and_nothing_else(content: TemplateContent) -> None:
    names = variables_of(content)
    assert names == tuple(str(number) for number in range(1, len(names) + 1))
    said = filled(content, {name: f"<{name}>" for name in names})
    assert repr(said) == re.sub(r"\{\{(\d)\}\}", r"<\1>", repr(content))


def test_missing_and_unknown_variables_are_named() -> None:
    with pytest.raises(VariablesMissing, match="'b', 'c'"):
        filled(Text("{{a}} {{b}} {{c}}"), {"a": "1", "d": "2"})
    with pytest.raises(VariablesUnknown, match="'d', 'e'"):
        filled(Text("{{a}}"), {"a": "1", "e": "3", "d": "2"})


def test_what_is_rendered_is_bounded_before_it_is_made() -> None:
    value = "x" * 32_768
    assert filled(Text("{{a}}" * 7), {"a": value}) == Text(value * 7)
    assert 8 * len(value) == MAX_FILLED
    with pytest.raises(InvalidContent):
        filled(Text("{{a}}" * 10_000), {"a": value})
    with pytest.raises(InvalidContent):
        filled(Poll("q", ("{{a}}" * 4, "{{a}}" * 4)), {"a": value})


def test_people_are_mentioned_where_words_can() -> None:
    ana = (Jid("5511999999999@s.whatsapp.net"),)
    assert mentioning(Text("Hi"), TemplateUse("t", mentions=ana)) == Text("Hi", ana)
    assert mentioning(Image(MediaId("m"), "Hi"), TemplateUse("t", mentions_all=True)) == Image(
        MediaId("m"), "Hi", mentions_all=True
    )
    with pytest.raises(InvalidContent):
        mentioning(Poll("q", ("a", "b")), TemplateUse("t", mentions=ana))
    assert mentioning(Poll("q", ("a", "b")), TemplateUse("t")) == Poll("q", ("a", "b"))
