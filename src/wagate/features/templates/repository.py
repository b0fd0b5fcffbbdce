"""The rows of templates."""

from __future__ import annotations

from typing import cast

import orjson

from wagate.domain.ids import TemplateId, TenantId
from wagate.domain.plain import plain, said_of
from wagate.domain.templates import Template, TemplateContent
from wagate.store.scoped import Scoped, scoped
from wagate.store.script import Row, Script

_COLUMNS = "id, tenant_id, name, language, content, created_at, updated_at"
_OF_TENANT = "FROM template WHERE tenant_id = :tenant"

_ADD = scoped(
    "INSERT INTO template (id, tenant_id, name, language, content, created_at, updated_at)",
    "VALUES (:id, :tenant, :name, :language, :content, :created_at, :updated_at)",
    "ON CONFLICT (tenant_id, name, language) DO NOTHING RETURNING id",
)
_COUNT = scoped("SELECT COUNT(*) AS number", _OF_TENANT)
_GET = scoped("SELECT", _COLUMNS, _OF_TENANT, "AND id = :id")
_FIND = scoped("SELECT", _COLUMNS, _OF_TENANT, "AND name = :name AND language = :language")
_LIST = {
    (ascending, by_name): scoped(
        "SELECT",
        _COLUMNS,
        _OF_TENANT,
        "AND name = :name" if by_name else "",
        "AND id > :after ORDER BY id LIMIT :limit" if ascending else "AND id < :after ORDER BY id DESC LIMIT :limit",
    )
    for ascending in (True, False)
    for by_name in (True, False)
}
_UPDATE = scoped(
    "UPDATE template SET name = :name, language = :language, content = :content, updated_at = :updated_at",
    "WHERE tenant_id = :tenant AND id = :id",
)
_DELETE = scoped("DELETE FROM template WHERE tenant_id = :tenant AND id = :id RETURNING id")


def add_template(template: Template) -> Script[bool]:
    """Keep a new template, unless another one has its name and language."""
    rows = yield _ADD(template, **_values(template), created_at=template.created_at)
    return bool(rows)


def count_templates(scope: Scoped) -> Script[int]:
    """How many templates a tenant has."""
    rows = yield _COUNT(scope)
    return int(rows[0]["number"])


def get_template(scope: Scoped, template: str) -> Script[Template | None]:
    """One template of a tenant, by its id."""
    rows = yield _GET(scope, id=template)
    return _template(rows[0]) if rows else None


def find_template(scope: Scoped, name: str, language: str) -> Script[Template | None]:
    """One template of a tenant, by its name in a language."""
    rows = yield _FIND(scope, name=name, language=language)
    return _template(rows[0]) if rows else None


def list_templates(
    scope: Scoped, name: str | None, *, after: str, ascending: bool, limit: int
) -> Script[list[Template]]:
    """Templates of a tenant beyond the id ``after``: all, or those of one name."""
    narrowed = {} if name is None else {"name": name}
    rows = yield _LIST[ascending, name is not None](scope, after=after, limit=limit, **narrowed)
    return [_template(row) for row in rows]


def update_template(template: Template) -> Script[None]:
    """Keep a template as it is now; nobody else may have its name and language."""
    yield _UPDATE(template, **_values(template))


def delete_template(scope: Scoped, template: str) -> Script[bool]:
    """Remove a template. Whether it was there."""
    return bool((yield _DELETE(scope, id=template)))


def written(content: TemplateContent) -> str:
    """A template's content as rows keep it: JSON."""
    return orjson.dumps(plain(content)).decode()


def _values(template: Template) -> dict[str, object]:
    return {
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "content": written(template.content),
        "updated_at": template.updated_at,
    }


def _template(row: Row) -> Template:
    return Template(
        TemplateId(row["id"]),
        TenantId(row["tenant_id"]),
        row["name"],
        row["language"],
        cast("TemplateContent", said_of(orjson.loads(row["content"]))),
        row["created_at"],
        row["updated_at"],
    )
