"""Whose rows a statement may touch. Every query of a room starts here, already narrowed to a tenant.

    GET = scoped("SELECT name FROM session WHERE tenant_id = :tenant AND id = :id")
    rows = yield GET(principal, id=ref)

The few statements that must look across tenants (finding a key, restoring sessions at boot, the relay) use
``script.sql`` and say why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from wagate.domain.ids import SessionId, TenantId
from wagate.store.script import Query, sql


class Scoped(Protocol):
    """Whatever knows its tenant: a principal, a ``TenantScope``, a ``SessionScope``."""

    @property
    def tenant(self) -> TenantId:
        """The tenant whose rows may be touched."""
        ...


@dataclass(frozen=True, slots=True)
class TenantScope:
    """One tenant's rows."""

    tenant: TenantId


@dataclass(frozen=True, slots=True)
class SessionScope:
    """One session of one tenant, as the process holds it that claimed it with ``epoch``."""

    tenant: TenantId
    session: SessionId
    epoch: int


class ScopedStatement:
    """A statement that takes its ``:tenant`` from a scope and from nowhere else."""

    __slots__ = ("_statement",)

    def __init__(self, text: str) -> None:
        """Compile ``text``. Raises ValueError when it does not mention ``:tenant``."""
        self._statement = sql(text)
        if "tenant" not in self._statement.names:
            raise ValueError(f"{self._statement.text!r} is not narrowed to a :tenant")

    @property
    def text(self) -> str:
        """The SQL."""
        return self._statement.text

    def __call__(self, scope: Scoped, **values: object) -> Query:
        """The query that runs this statement once, for one tenant."""
        return self._statement(tenant=scope.tenant, **values)

    def many(self, scope: Scoped, rows: Iterable[Mapping[str, object]]) -> Query:
        """The query that runs this statement once for each row of values, for one tenant. No rows come back."""
        return self._statement.many({**row, "tenant": scope.tenant} for row in rows)


def scoped(*parts: str) -> ScopedStatement:
    """Compile a statement that is narrowed to a tenant, given in parts that are constants."""
    return ScopedStatement(" ".join(parts))
