"""The written examination for vaults."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from wagate.adapters.clock import ManualClock
from wagate.domain.ids import SessionId
from wagate.domain.jid import Jid
from wagate.ports.news import DurableNews, IdentityLinked, SendAccepted
from wagate.ports.vault import NotLoaded, RecordKey, Unit, Vault, VaultFailed

KEY: RecordKey = ("session", "5511999999999:3@s.whatsapp.net")
OTHER: RecordKey = ("session", "5511888888888@s.whatsapp.net")


class Candidate(Protocol):
    """What sits the examination: some kind of storage, with two sessions in it."""

    clock: ManualClock
    fail_commits: bool
    """While set, no commit succeeds."""

    async def open(self, session: SessionId) -> Vault:
        """The vault of a session, as a process would see it that has just started."""
        ...

    async def news(self) -> list[tuple[SessionId, DurableNews]]:
        """What was committed beside the records, in order."""
        ...


ONE, TWO = SessionId("ses_1"), SessionId("ses_2")
NEWS = SendAccepted("3EB0", 1)


def unit(changes: dict[RecordKey, bytes | None], *news: DurableNews) -> Unit:
    """A unit with these changes."""
    made = Unit(news=list(news))
    for key, value in changes.items():
        if value is None:
            made.delete(*key)
        else:
            made.put(*key, value)
    return made


async def read(vault: Vault, key: RecordKey = KEY) -> bytes | None:
    """Load and get one record."""
    await vault.load([key])
    return vault.get(*key)


async def a_record_must_be_loaded_first(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    with pytest.raises(NotLoaded):
        vault.get(*KEY)
    await vault.load([KEY, OTHER])
    assert vault.get(*KEY) is None
    assert vault.get(*OTHER) is None


async def what_was_submitted_is_visible_at_once_and_durable_later(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    future = vault.submit(unit({KEY: b"1"}))
    assert vault.get(*KEY) == b"1"
    assert not future.done()
    await future
    assert vault.get(*KEY) == b"1"
    await vault.close()
    assert await read(await candidate.open(ONE)) == b"1"


async def later_units_win(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    futures = [vault.submit(unit({KEY: b"%d" % number})) for number in range(50)]
    assert vault.get(*KEY) == b"49"
    await futures[20]
    assert vault.get(*KEY) == b"49"
    await asyncio.gather(*futures)
    await vault.close()
    assert await read(await candidate.open(ONE)) == b"49"


async def a_deleted_record_is_absent(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    await vault.submit(unit({KEY: b"1", OTHER: b"2"}))
    future = vault.submit(unit({KEY: None}))
    assert vault.get(*KEY) is None
    await future
    assert vault.get(*KEY) is None
    assert await vault.list("session") == [(OTHER[1], b"2")]
    await vault.submit(unit({KEY: None}))
    assert await read(await candidate.open(ONE)) is None


async def sessions_do_not_see_each_other(candidate: Candidate) -> None:
    one, two = await candidate.open(ONE), await candidate.open(TWO)
    await asyncio.gather(one.submit(unit({KEY: b"1"})), two.submit(unit({KEY: b"2"})))
    assert await read(one) == b"1"
    assert await read(two) == b"2"
    assert await two.list("session") == [(KEY[1], b"2")]


async def many_records_load_at_once(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    keys = [("device", f"{number:03}") for number in range(150)]
    await vault.submit(unit({key: key[1].encode() * 30 for key in keys[::2]}))
    vault = await candidate.open(ONE)
    await vault.load([*keys, *keys])
    for number, key in enumerate(keys):
        assert vault.get(*key) == (None if number % 2 else key[1].encode() * 30)


async def loads_overlap_with_one_another_and_with_units(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    keys = [("device", f"{number:03}") for number in range(40)]
    await vault.submit(unit({key: b"old" for key in keys}))
    for _ in range(10):
        vault = await candidate.open(ONE)
        loads = [asyncio.gather(vault.load([key]), vault.load(keys[number:])) for number, key in enumerate(keys)]
        units = []
        for number in range(0, len(keys), 3):
            await asyncio.sleep(0)
            units.append(vault.submit(unit({keys[number]: b"new"})))
        await asyncio.gather(*loads, *units)
        assert [vault.get(*key) for key in keys] == [b"old" if number % 3 else b"new" for number in range(len(keys))]
        await vault.close()


async def a_list_is_ordered_and_of_one_kind(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    await vault.submit(
        unit({("prekey", "3"): b"c", ("prekey", "1"): b"a", ("other", "0"): b"x", ("prekey", "2"): b"b"})
    )
    assert await vault.list("prekey") == [("1", b"a"), ("2", b"b"), ("3", b"c")]
    assert await vault.list("nothing") == []


async def any_bytes_can_be_kept(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    values = {
        ("blob", str(size)): bytes(range(256)) * (size // 256) + bytes(size % 256) for size in (0, 1, 300, 70_000)
    }
    await vault.submit(unit(dict(values)))
    vault = await candidate.open(ONE)
    await vault.load(values)
    assert {key: vault.get(*key) for key in values} == values


async def news_are_committed_with_their_unit(candidate: Candidate) -> None:
    one, two = await candidate.open(ONE), await candidate.open(TWO)
    linked = IdentityLinked(Jid("1@s.whatsapp.net"), Jid("2@lid"))
    await one.submit(unit({KEY: b"1"}, NEWS))
    await two.submit(unit({}, linked, NEWS))
    assert await candidate.news() == [(ONE, NEWS), (TWO, linked), (TWO, NEWS)]


async def a_failed_unit_takes_all_that_was_built_on_it_with_it(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    await vault.submit(unit({KEY: b"1"}))
    candidate.fail_commits = True
    first = vault.submit(unit({KEY: b"2"}, NEWS))
    second = vault.submit(unit({OTHER: b"2"}, NEWS))
    with pytest.raises(VaultFailed):
        await first
    candidate.fail_commits = False
    with pytest.raises(VaultFailed):
        await second
    with pytest.raises(VaultFailed):
        await vault.submit(unit({OTHER: b"3"}, NEWS))
    with pytest.raises(VaultFailed):
        vault.get(*KEY)
    assert await candidate.news() == []


async def another_session_does_not_suffer(candidate: Candidate) -> None:
    one, two = await candidate.open(ONE), await candidate.open(TWO)
    candidate.fail_commits = True
    with pytest.raises(VaultFailed):
        await one.submit(unit({KEY: b"1"}))
    candidate.fail_commits = False
    await two.submit(unit({KEY: b"2"}))
    assert await read(two) == b"2"


async def reopening_goes_back_to_what_was_committed(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    await vault.submit(unit({KEY: b"1"}))
    candidate.fail_commits = True
    with pytest.raises(VaultFailed):
        await vault.submit(unit({KEY: b"2", OTHER: b"2"}))
    candidate.fail_commits = False
    await vault.reopen()
    with pytest.raises(NotLoaded):
        vault.get(*KEY)
    assert await read(vault) == b"1"
    assert await read(vault, OTHER) is None
    await vault.submit(unit({KEY: b"3"}))
    assert await read(await candidate.open(ONE)) == b"3"


async def reopening_waits_for_what_is_under_way(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    futures = [vault.submit(unit({KEY: b"%d" % number})) for number in range(10)]
    await vault.reopen()
    assert all(future.done() for future in futures)
    assert await read(vault) == b"9"


async def closing_waits_for_what_is_under_way(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    future = vault.submit(unit({KEY: b"1"}))
    await vault.close()
    assert future.done()
    with pytest.raises(VaultFailed):
        vault.get(*KEY)
    with pytest.raises(VaultFailed):
        await vault.submit(unit({KEY: b"2"}))
    assert await read(await candidate.open(ONE)) == b"1"


async def a_caller_that_goes_away_does_not_take_its_unit_along(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    vault.submit(unit({KEY: b"1"}, NEWS)).cancel()
    await vault.submit(unit({OTHER: b"2"}))
    assert await read(await candidate.open(ONE)) == b"1"
    assert await candidate.news() == [(ONE, NEWS)]


async def a_failure_that_nobody_waited_for_counts_all_the_same(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    candidate.fail_commits = True
    vault.submit(unit({KEY: b"1"})).cancel()
    with pytest.raises(VaultFailed):
        await vault.submit(unit({OTHER: b"2"}))
    candidate.fail_commits = False
    with pytest.raises(VaultFailed):
        await vault.submit(unit({OTHER: b"2"}))


async def old_records_of_a_kind_expire(candidate: Candidate) -> None:
    vault = await candidate.open(ONE)
    two = await candidate.open(TWO)
    await vault.submit(unit({("sent", "old"): b"1", ("sent", "renewed"): b"1", ("kept", "old"): b"1"}))
    await two.submit(unit({("sent", "old"): b"1"}))
    candidate.clock.turn(10)
    await vault.submit(unit({("sent", "new"): b"2", ("sent", "renewed"): b"2"}))
    await vault.expire("sent", candidate.clock.now_ms() - 5000)
    assert await vault.list("sent") == [("new", b"2"), ("renewed", b"2")]
    assert await vault.list("kept") == [("old", b"1")]
    assert await two.list("sent") == [("old", b"1")]
    assert await read(vault, ("sent", "old")) is None


Question = Callable[[Candidate], Awaitable[None]]

QUESTIONS: tuple[Question, ...] = (
    a_record_must_be_loaded_first,
    what_was_submitted_is_visible_at_once_and_durable_later,
    later_units_win,
    a_deleted_record_is_absent,
    sessions_do_not_see_each_other,
    many_records_load_at_once,
    loads_overlap_with_one_another_and_with_units,
    a_list_is_ordered_and_of_one_kind,
    any_bytes_can_be_kept,
    news_are_committed_with_their_unit,
    a_failed_unit_takes_all_that_was_built_on_it_with_it,
    another_session_does_not_suffer,
    reopening_goes_back_to_what_was_committed,
    reopening_waits_for_what_is_under_way,
    closing_waits_for_what_is_under_way,
    a_caller_that_goes_away_does_not_take_its_unit_along,
    a_failure_that_nobody_waited_for_counts_all_the_same,
    old_records_of_a_kind_expire,
)
