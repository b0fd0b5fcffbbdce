"""The verbs of the templates room."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from wagate.domain.errors import InvalidContent, InvalidRequest
from wagate.domain.ids import template_id
from wagate.domain.page import DEFAULT_LIMIT, Order, Page, read_cursor, write_cursor
from wagate.domain.templates import (
    LANGUAGE,
    MAX_BYTES,
    MAX_TEMPLATES,
    MAX_VARIABLES,
    NAME,
    Template,
    TemplateContent,
    TemplateNameTaken,
    TemplateNotFound,
    TooManyTemplates,
    filled,
    variables_of,
)
from wagate.features.access import Principal
from wagate.features.templates import repository
from wagate.ports.clock import Clock
from wagate.store.database import Database
from wagate.store.script import Script

_NAME = re.compile(NAME)
_LANGUAGE = re.compile(LANGUAGE)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a template is to be: its name, its language (empty for none) and its content with places."""

    name: str
    language: str
    content: TemplateContent


class Templates:
    """Templates of all tenants; every verb is narrowed to the principal's. All may raise StorageUnavailable."""

    def __init__(self, database: Database, clock: Clock, most: int = MAX_TEMPLATES) -> None:
        """Work on ``database``; a tenant may have ``most`` templates."""
        self._database = database
        self._clock = clock
        self._most = most

    async def create(self, principal: Principal, draft: Draft) -> Template:
        """Store a new template. Raises InvalidRequest, InvalidContent, TemplateNameTaken, TooManyTemplates."""
        _check(draft)
        now = self._clock.now_ms()
        template = Template(
            template_id(now),
            principal.tenant,
            draft.name,
            draft.language,
            draft.content,
            created_at=now,
            updated_at=now,
        )

        def script() -> Script[None]:
            # Transactions side by side may go a few beyond it: it is there to bound the table, not to be exact.
            if (yield from repository.count_templates(principal)) >= self._most:
                raise TooManyTemplates(f"There are {self._most:,} templates; delete some that nobody uses")
            if not (yield from repository.add_template(template)):
                raise _taken(draft)

        await self._database.write(script())
        return template

    async def get(self, principal: Principal, template: str) -> Template:
        """One template. Raises TemplateNotFound."""
        found = await self._database.read(repository.get_template(principal, template))
        if found is None:
            raise _missing(template)
        return found

    async def list(
        self,
        principal: Principal,
        *,
        name: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[Template]:
        """Templates by age: all, or those of one name, which differ by their language. Raises InvalidCursor."""
        listed = f"templates.{order.value}.{name or ''}"
        ascending = order is Order.ASC
        after = read_cursor(listed, cursor) if cursor is not None else "" if ascending else "~"
        found: builtins.list[Template] = await self._database.read(
            repository.list_templates(principal, name, after=after, ascending=ascending, limit=limit + 1)
        )
        more = len(found) > limit
        return Page(tuple(found[:limit]), write_cursor(listed, found[limit - 1].id) if more else None)

    async def put(self, principal: Principal, template: str, draft: Draft) -> Template:
        """Put another content, name and language in the place of what a template has. Accepted messages stay.

        Raises TemplateNotFound, InvalidRequest, InvalidContent, TemplateNameTaken.
        """
        _check(draft)

        def script() -> Script[Template]:
            found = yield from repository.get_template(principal, template)
            if found is None:
                raise _missing(template)
            other = yield from repository.find_template(principal, draft.name, draft.language)
            if other is not None and other.id != found.id:
                raise _taken(draft)
            changed = replace(
                found,
                name=draft.name,
                language=draft.language,
                content=draft.content,
                updated_at=self._clock.now_ms(),
            )
            yield from repository.update_template(changed)
            return changed

        return await self._database.write(script())

    async def delete(self, principal: Principal, template: str) -> None:
        """Remove a template; messages that it made stay as they are. Raises TemplateNotFound."""
        if not await self._database.write(repository.delete_template(principal, template)):
            raise _missing(template)

    async def render(self, principal: Principal, template: str, variables: Mapping[str, str]) -> TemplateContent:
        """What a message would say. Raises TemplateNotFound, VariablesMissing, VariablesUnknown, InvalidContent."""
        return filled((await self.get(principal, template)).content, variables)


def _check(draft: Draft) -> None:
    """Raises InvalidRequest, InvalidContent."""
    if not _NAME.fullmatch(draft.name):
        raise InvalidRequest("A name has 1 to 512 lower-case letters, digits and underscores", pointer="/name")
    if not _LANGUAGE.fullmatch(draft.language):
        raise InvalidRequest("A language is written like en, en_US or pt_BR", pointer="/language")
    if len(repository.written(draft.content).encode()) > MAX_BYTES:
        raise InvalidContent(f"A template has {MAX_BYTES:,} bytes at most", pointer="/content")
    if len(variables_of(draft.content)) > MAX_VARIABLES:
        raise InvalidContent(f"A template names {MAX_VARIABLES} variables at most", pointer="/content")


def _missing(template: str) -> TemplateNotFound:
    return TemplateNotFound(f"There is no template {template[:100]!r}")


def _taken(draft: Draft) -> TemplateNameTaken:
    language = f" in {draft.language!r}" if draft.language else ""
    return TemplateNameTaken(f"Another template is called {draft.name!r}{language}", pointer="/name")
