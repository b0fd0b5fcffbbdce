"""Every statement of a room is narrowed to a tenant, or is on a short list with its reason."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

from wagate import features
from wagate.store.scoped import ScopedStatement
from wagate.store.script import Statement

ACROSS_TENANTS = {
    "access.repository._ADD_TENANT": "makes a tenant",
    "access.repository._ANY_TENANT": "asks whether there is a tenant at all",
    "access.repository._FIND": "the key that is shown tells the tenant",
    "access.repository._USED": "by the id of a key that was just authenticated",
    "journal.repository._NEXT_SEQ": "by the id of a session or tenant, inside a scoped append",
    "journal.repository._SINCE": "the relay reads for all listeners and sorts by tenant",
    "journal.repository._HEAD": "a number that belongs to nobody",
    "media.repository.origins._DUE_SESSIONS": "the downloader serves the sessions that this process holds, whosever",
    "media.repository.rows._STALE": "retention removes what is too old, whosever it is",
    "media.repository.rows._LARGE": "retention looks for the tenants that keep too much",
    "media.repository.rows._GIVE_UP": "finishes what crashes left, whosever it is",
    "media.repository.rows._DOOMED": "finishes what crashes left, whosever it is",
    "journal.repository._BETWEEN": "the search index is kept for all tenants",
    "messaging.repository.search._STATE": "a number that belongs to nobody",
    "messaging.repository.search._OLDEST": "a number that belongs to nobody",
    "messaging.repository.search._TAKE_PLACES": "numbers that belong to nobody",
    "messaging.repository.search._FIRST": "when the index begins is nobody's secret",
    "messaging.repository.search._ADVANCE": "a number that belongs to nobody",
    "messaging.repository.search._ADD": "the indexer works for all tenants",
    "messaging.repository.search._REWRITE": "the indexer works for all tenants",
    "messaging.repository.search._PLACE": "the indexer works for all tenants",
    "messaging.repository.search._REMOVE": "the indexer works for all tenants",
    "messaging.repository.duplicates._SWEEP": "removes what is too old, whosever it is",
    "messaging.repository.queues._DUE": "the waker serves all tenants of this process",
    "messaging.repository.queues._EXPIRED": "the waker serves all tenants of this process",
    "messaging.repository.sql_inbox._WAITING": "what other programs leave names its tenant itself",
    "messaging.repository.sql_inbox._IDS": "what other programs leave names its tenant itself",
    "messaging.repository.sql_inbox._CLAIM": "by the id of a row that names its tenant itself",
    "messaging.repository.sql_inbox._LOCK": "by the id of a row that names its tenant itself",
    "messaging.repository.sql_inbox._MARK": "by the id of a row that was just claimed",
    "messaging.repository.sql_inbox._MOVE": "the follower of the journal works for all tenants",
    "messaging.repository.sql_inbox._SWEEP": "removes what is too old, whosever it is",
    "messaging.repository.sql_inbox._TENANTS": "looks for the tenant that a row names",
    "messaging.repository.sql_inbox._ANY_TENANTS": "looks for the only tenant there is",
    "messaging.repository.sql_inbox._BEGIN": "a number that belongs to nobody",
    "messaging.repository.sql_inbox._POSITION": "a number that belongs to nobody",
    "messaging.repository.sql_inbox._ADVANCE": "a number that belongs to nobody",
    "messaging.repository.outbox._SWEEP_KEYS": "removes what is too old, whosever it is",
    "messaging.repository.outbox._NEWEST": "a number that belongs to nobody",
    "messaging.repository.outbox._FRESH": "the dispatcher serves all tenants of this process",
    "messaging.repository.outbox._OF_SESSION": "the dispatcher serves all tenants of this process",
    "sessions.repository._SEEN": "by the ids of sessions that this process holds",
    "sessions.repository._OUTDATED": "an engine is outdated for all tenants alike; only doctor asks",
    "sessions.repository._HOLDER": "no linked device may work in two sessions, whoever they belong to",
    "sessions.repository._IMPORTS": "what a dead process had begun to import is looked after for all tenants",
    "sessions.repository._EVERY": "sessions are restored for all tenants at the start",
}


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(features.__path__, "wagate.features."):
        if ".repository" in found.name:
            yield importlib.import_module(found.name)


def _statements(value: object) -> Iterator[Statement | ScopedStatement]:
    if isinstance(value, Statement | ScopedStatement):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _statements(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _statements(part)


def _named() -> Iterator[tuple[str, Statement | ScopedStatement]]:
    for module in _modules():
        for name, value in vars(module).items():
            for statement in _statements(value):
                yield f"{module.__name__.removeprefix('wagate.features.')}.{name}", statement


def test_what_is_not_narrowed_has_a_reason() -> None:
    found = {name for name, statement in _named() if isinstance(statement, Statement)}
    assert found == set(ACROSS_TENANTS)


def test_the_tenant_narrows_what_is_touched() -> None:
    """``:tenant`` must select rows or be written into them, not merely be mentioned."""
    selects = re.compile(r"tenant_id(?: \|\| '')? (?:=|<>) :tenant")
    for name, statement in _named():
        if isinstance(statement, ScopedStatement) and not statement.text.startswith("INSERT INTO"):
            assert selects.search(statement.text), (name, statement.text)
    assert sum(isinstance(statement, ScopedStatement) for _, statement in _named()) > 20
