"""The written examination for engines, second part: broken lines, failed commits, and endings."""

import pytest

from contracts.examinee import SESSION, Examinee, Failing, Network, Question, eventually, until
from wagate.domain import ids
from wagate.domain.session import FINAL, SessionState
from wagate.ports.abilities import LogsOut
from wagate.ports.engine import NotSent
from wagate.ports.news import MessageArrived, QrShown, SendAccepted, SendStarted, StateChanged
from wagate.ports.vault import OwnershipLost, RecordUnreadable, VaultFailed


async def a_broken_line_comes_back_by_itself(network: Network) -> None:
    examinee = await Examinee.paired(network)
    passed = examinee.gate_passed
    await network.drop()
    await until(lambda: examinee.gate_passed == passed + 1, lambda: "the gate was not asked")
    await examinee.is_in(SessionState.CONNECTED)
    assert SessionState.DISCONNECTED in [news.state for news in examinee.of_kind(StateChanged)]
    await examinee.send("back")
    await examinee.shown("back")


async def what_was_not_acknowledged_goes_out_again_as_it_was(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.withhold_acks(on=True)
    texts = ["one", "two", "three"]
    sent = [await examinee.send(text) for text in texts]
    await examinee.shown(*texts)
    await examinee.restart()  # the engine knows only what it had made durable
    await examinee.is_in(SessionState.CONNECTED)
    await network.withhold_acks(on=False)
    await network.drop()
    await examinee.hears(SendAccepted, times=3)
    assert sorted(news.wa_id for news in examinee.of_kind(SendAccepted)) == sorted(sent)
    await examinee.send("four")
    await examinee.shown(*texts, "four")


async def a_commit_that_fails_sends_nothing(network: Network) -> None:
    examinee = await Examinee.paired(network)
    failing = Failing(network.storage)
    wa_id = ids.wa_id()
    with pytest.raises(VaultFailed):
        await examinee.send("once", wa_id=wa_id)
    failing.stop()
    assert await network.shown() == []
    assert examinee.of_kind(SendStarted) == []

    async def again() -> bool:
        try:
            await examinee.send("once", wa_id=wa_id)
        except (NotSent, VaultFailed):
            return False
        return True

    await eventually(again, lambda: "the line did not recover")
    await examinee.send("last")
    await examinee.shown("once", "last")


async def an_owner_that_lost_the_session_lets_go(network: Network) -> None:
    examinee = await Examinee.paired(network)
    failing = Failing(network.storage, OwnershipLost)
    await network.type("for the new owner")
    await until(
        lambda: failing.failed > 0 and examinee.state is not None and examinee.state.state in FINAL,
        lambda: f"{examinee.told}",
    )
    passed = examinee.gate_passed
    with pytest.raises((NotSent, VaultFailed)):
        await examinee.send("too late")
    assert examinee.gate_passed == passed


async def damaged_credentials_are_told_and_left_alone(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.close()
    await network.damage()
    before = dict(network.storage.records[SESSION])
    with pytest.raises(RecordUnreadable):
        await examinee.open()
    assert network.storage.records[SESSION] == before


# ---- endings


async def a_device_that_the_phone_removed_is_logged_out(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.end(SessionState.LOGGED_OUT)
    ended = await examinee.is_in(SessionState.LOGGED_OUT)
    assert ended.reason is not None
    assert ended.reason.code == "device_removed"
    await stays_ended(examinee)


async def a_banned_account_is_told(network: Network) -> None:
    await ends_in(network, SessionState.BANNED, "banned")


async def a_replaced_device_is_told(network: Network) -> None:
    await ends_in(network, SessionState.REPLACED, "replaced")


async def an_outdated_client_is_told(network: Network) -> None:
    await ends_in(network, SessionState.OUTDATED, "client_outdated")


async def ends_in(network: Network, state: SessionState, code: str) -> None:
    examinee = await Examinee.paired(network)
    await network.end(state)
    ended = await examinee.is_in(state)
    assert ended.reason is not None
    assert ended.reason.code == code
    await stays_ended(examinee)


async def stays_ended(examinee: Examinee) -> None:
    passed = examinee.gate_passed
    with pytest.raises(NotSent):
        await examinee.send("too late")
    assert examinee.gate_passed == passed


async def it_can_log_itself_out(network: Network) -> None:
    examinee = await Examinee.paired(network)
    assert isinstance(examinee.connection, LogsOut)
    await examinee.connection.log_out()
    ended = await examinee.is_in(SessionState.LOGGED_OUT)
    assert ended.reason is not None
    assert ended.reason.code == "logged_out_by_user"
    with pytest.raises(NotSent):
        await examinee.connection.log_out()
    await examinee.restart()  # nothing is left to log in with
    await examinee.hears(QrShown)


async def a_closed_connection_says_nothing_more(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.close()
    told = len(examinee.told)
    await network.drop()
    await network.type("anybody there?")
    await _another(network)
    assert len(examinee.told) == told


async def _another(network: Network) -> None:
    """The same session in another process takes up what waits. That time is time for the closed one to speak."""
    another = await Examinee.of(network)
    await another.hears(MessageArrived)


QUESTIONS: tuple[Question, ...] = (
    a_broken_line_comes_back_by_itself,
    what_was_not_acknowledged_goes_out_again_as_it_was,
    a_commit_that_fails_sends_nothing,
    an_owner_that_lost_the_session_lets_go,
    damaged_credentials_are_told_and_left_alone,
    a_device_that_the_phone_removed_is_logged_out,
    a_banned_account_is_told,
    a_replaced_device_is_told,
    an_outdated_client_is_told,
    it_can_log_itself_out,
    a_closed_connection_says_nothing_more,
)
