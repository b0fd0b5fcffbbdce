"""Statements: one text, compiled for two databases."""

import pytest

from wagate.domain.ids import SessionId, TenantId
from wagate.store.scoped import SessionScope, TenantScope, scoped
from wagate.store.script import sql


def test_a_parameter_has_one_place_however_often_it_is_named() -> None:
    statement = sql("SELECT :b, :a, :b FROM t WHERE x = :a")
    assert statement.sqlite == "SELECT ?1, ?2, ?1 FROM t WHERE x = ?2"
    assert statement.postgresql == "SELECT $1, $2, $1 FROM t WHERE x = $2"
    assert statement(a=1, b=2).values == (2, 1)


@pytest.mark.parametrize(
    ("text", "compiled"),
    [
        ("SELECT ':no', :yes", "SELECT ':no', $1"),
        ("SELECT 'it''s :no' || :yes", "SELECT 'it''s :no' || $1"),
        ("SELECT x::text, :yes", "SELECT x::text, $1"),
        ("SELECT  1,\n   :yes", "SELECT 1, $1"),
    ],
)
def test_only_a_named_parameter_is_replaced(text: str, compiled: str) -> None:
    assert sql(text).postgresql == compiled


def test_a_statement_without_or_with_one_parameter() -> None:
    assert sql("SELECT 1")().values == ()
    assert sql("SELECT :only")(only=7).values == (7,)


@pytest.mark.parametrize("values", [{}, {"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}])
def test_missing_and_surplus_values_are_a_mistake(values: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="takes"):
        sql("SELECT :a, :b")(**values)


def test_many_rows_of_values() -> None:
    assert sql("INSERT INTO t VALUES (:a, :b)").many([{"a": 1, "b": 2}, {"b": 4, "a": 3}]).many == [(1, 2), (3, 4)]


def test_the_databases_clock_is_written_in_their_words() -> None:
    statement = sql("SELECT now_ms()")
    assert "julianday" in statement.sqlite
    assert "clock_timestamp" in statement.postgresql


def test_a_scoped_statement_takes_the_tenant_from_the_scope() -> None:
    statement = scoped("SELECT name FROM session", "WHERE tenant_id = :tenant AND id = :id")
    query = statement(TenantScope(TenantId("tnt_1")), id="ses_1")
    assert query.values == ("tnt_1", "ses_1")
    assert statement(SessionScope(TenantId("tnt_2"), SessionId("ses_2"), 1), id="x").values == ("tnt_2", "x")
    assert statement.many(TenantScope(TenantId("tnt_3")), [{"id": "y"}]).many == [("tnt_3", "y")]


def test_a_scoped_statement_cannot_be_told_another_tenant() -> None:
    statement = scoped("SELECT name FROM session WHERE tenant_id = :tenant")
    with pytest.raises(TypeError):
        statement(TenantScope(TenantId("tnt_1")), tenant="tnt_2")


def test_a_statement_that_is_not_narrowed_is_no_scoped_statement() -> None:
    with pytest.raises(ValueError, match="not narrowed"):
        scoped("SELECT name FROM session WHERE id = :id")
