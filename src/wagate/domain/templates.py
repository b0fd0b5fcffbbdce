"""Stored templates: content with places for words, and how they are filled.

A place is ``{{name}}``: a name of 1 to 64 ASCII letters, digits and underscores in double braces, as Meta's templates
have them (``{{1}}``, ``{{first_name}}``), with any spaces around it. Whatever else stands in braces is plain text:
there are no expressions, paths, conditions or loops. Filling is one pass, so that a value is never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from wagate.domain.content import (
    Buttons,
    Document,
    EventInvite,
    Image,
    ListMenu,
    Location,
    Poll,
    Section,
    Text,
    Video,
)
from wagate.domain.errors import Conflict, InvalidContent, InvalidRequest, NotFound
from wagate.domain.ids import TemplateId, TenantId
from wagate.domain.jid import Jid

NAME: Final = r"[a-z0-9_]{1,512}"
"""A template's name, as Meta's Cloud API has it."""

LANGUAGE: Final = r"([a-z]{2,3}(_[A-Z]{2})?)?"
"""A language as Meta writes it (``en``, ``pt_BR``), or nothing."""

VARIABLE: Final = r"[A-Za-z0-9_]{1,64}"
"""The name of a place."""

MAX_TEMPLATES: Final = 6_000
"""Of one tenant: as many as Meta allows a verified business."""

MAX_BYTES: Final = 65_536
"""Of one template's content, as the JSON that is stored."""

MAX_VARIABLES: Final = 100
MAX_VALUE: Final = 32_768
"""Characters of one value."""

MAX_FILLED: Final = 262_144
"""Characters of everything that filling makes. Engines allow less: this bounds the memory until they are asked."""

TemplateContent = Text | Image | Video | Document | Location | Poll | EventInvite | Buttons | ListMenu
"""Content that has words which may differ from one message to the next."""

_PLACE = re.compile(r"\{\{ *(" + VARIABLE + r") *\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """Content with places, under a name and a language that are its tenant's own. ``*_at`` are ms since 1970, UTC."""

    id: TemplateId
    tenant: TenantId
    name: str
    language: str
    content: TemplateContent
    created_at: int
    updated_at: int

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its places, each once, in the order in which they are read."""
        return variables_of(self.content)


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """What a message says that is made from a template: which one, the words, and whom it mentions."""

    type: ClassVar[str] = "template"
    name: str
    language: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    mentions: tuple[Jid, ...] = ()
    mentions_all: bool = False


class TemplateNotFound(NotFound):
    """There is no such template"""

    code = "template_not_found"


class TemplateNameTaken(Conflict):
    """Another template already has this name and language"""

    code = "template_name_taken"


class TooManyTemplates(Conflict):
    """There are as many templates as there may be"""

    code = "too_many_templates"


class VariablesMissing(InvalidRequest):
    """The template has places that no variable fills"""

    code = "variables_missing"


class VariablesUnknown(InvalidRequest):
    """The template has no places for these variables"""

    code = "variables_unknown"


def variables_of(content: TemplateContent) -> tuple[str, ...]:
    """The names of all places in some content, each once, in the order in which they are read."""
    found: dict[str, None] = {}

    def note(text: str) -> str:
        found.update(dict.fromkeys(_PLACE.findall(text)))
        return text

    _each_text(content, note)
    return tuple(found)


def filled(content: TemplateContent, variables: Mapping[str, str]) -> TemplateContent:
    """The content with every place filled, in one pass: a value stays as it is, whatever it contains.

    Raises VariablesMissing, VariablesUnknown; InvalidContent for more than ``MAX_FILLED`` characters in all.
    """
    names = variables_of(content)
    missing = [name for name in names if name not in variables]
    if missing:
        raise VariablesMissing(f"The template needs {_listed(missing)}", pointer="/variables")
    unknown = sorted(variables.keys() - set(names))
    if unknown:
        raise VariablesUnknown(f"The template has no place for {_listed(unknown)}", pointer="/variables")
    length = 0

    def fill(text: str) -> str:
        nonlocal length
        # Counted before anything is made: a few kilobytes of places can ask for gigabytes.
        length += len(text) + sum(len(variables[name]) for name in _PLACE.findall(text))
        if length > MAX_FILLED:
            raise InvalidContent(f"What is rendered has more than {MAX_FILLED:,} characters")
        return _PLACE.sub(lambda place: variables[place[1]], text)

    return _each_text(content, fill)


def mentioning(content: TemplateContent, use: TemplateUse) -> TemplateContent:
    """The content with the people whom a message mentions. Raises InvalidContent where it cannot mention anybody."""
    if not use.mentions and not use.mentions_all:
        return content
    if not isinstance(content, Text | Image | Video | Document):
        raise InvalidContent(f"Texts and captions can mention people, not {content.type!r}", pointer="/mentions")
    return replace(content, mentions=use.mentions, mentions_all=use.mentions_all)


def _each_text(content: TemplateContent, change: Callable[[str], str]) -> TemplateContent:
    """The same content with each of its texts changed: in the order in which they are read."""

    def maybe(text: str | None) -> str | None:
        return None if text is None else change(text)

    match content:
        case Text():
            return replace(content, body=change(content.body))
        case Image() | Video():
            return replace(content, caption=maybe(content.caption))
        case Document():
            return replace(content, filename=maybe(content.filename), caption=maybe(content.caption))
        case Location():
            return replace(content, name=maybe(content.name), address=maybe(content.address))
        case Poll():
            return replace(content, question=change(content.question), options=tuple(map(change, content.options)))
        case EventInvite():
            return replace(
                content,
                name=change(content.name),
                description=maybe(content.description),
                place=maybe(content.place),
            )
        case Buttons():
            return replace(
                content,
                body=change(content.body),
                buttons=tuple(replace(button, title=change(button.title)) for button in content.buttons),
                footer=maybe(content.footer),
            )
        case ListMenu():
            return replace(
                content,
                title=maybe(content.title),
                body=change(content.body),
                button=change(content.button),
                sections=tuple(_section(section, change, maybe) for section in content.sections),
                footer=maybe(content.footer),
            )


def _section(section: Section, change: Callable[[str], str], maybe: Callable[[str | None], str | None]) -> Section:
    title = maybe(section.title)
    rows = (replace(row, title=change(row.title), description=maybe(row.description)) for row in section.rows)
    return Section(title, tuple(rows))


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)
