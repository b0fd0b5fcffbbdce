"""The written examination for engines, second part: broken lines, failed commits, and endings."""

import pytest

from contracts.examinee import SESSION, Examinee, Failing, Network, eventually, until
from contracts.paper import Paper, Stage
from wagate.domain.ids import SessionId
from wagate.domain.session import FINAL, SessionState
from wagate.ports.abilities import LogsOut
from wagate.ports.engine import NotSent
from wagate.ports.news import MessageArrived, QrShown, SendStarted, StateChanged
from wagate.ports.vault import OwnershipLost, RecordUnreadable, VaultFailed

PAPER = Paper()


@PAPER.asks()
async def a_broken_line_comes_back_by_itself(network: Network) -> None:
    examinee = await Examinee.paired(network)
    passed = examinee.gate_passed
    await examinee.drops()
    assert examinee.gate_passed == passed + 1
    assert SessionState.DISCONNECTED in [news.state for news in examinee.of_kind(StateChanged)]
    await examinee.send("back")
    await examinee.shown("back")


@PAPER.asks(stage=Stage.SILENCE)
async def a_line_that_falls_silent_is_noticed_and_comes_back(network: Network) -> None:
    examinee = await Examinee.paired(network, network.watchful_engine())
    await network.fall_silent(on=True)
    doubtful = {SessionState.DEGRADED, SessionState.DISCONNECTED}
    await until(lambda: examinee.state is not None and examinee.state.state in doubtful, lambda: f"{examinee.told}")
    assert examinee.state is not None
    assert examinee.state.reason is not None
    assert examinee.state.reason.code == "keepalive_lost"
    await network.fall_silent(on=False)
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.send("still there?")
    await examinee.shown("still there?")


@PAPER.asks()
async def a_commit_that_fails_sends_nothing(network: Network) -> None:
    examinee = await Examinee.paired(network)
    failing = Failing(network.storage)
    once = examinee.outgoing("once")
    with pytest.raises(VaultFailed):
        await examinee.give(once)
    failing.stop()
    assert await network.shown() == []
    assert examinee.of_kind(SendStarted) == []

    async def again() -> bool:
        try:
            await examinee.give(once)
        except (NotSent, VaultFailed):
            return False
        return True

    await eventually(again, lambda: "the line did not recover")
    await examinee.send("last")
    await examinee.shown("once", "last")


@PAPER.asks()
async def nothing_is_sent_while_the_line_is_down(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.go_down()
    await network.drop()
    await examinee.is_in(SessionState.DISCONNECTED)
    with pytest.raises(NotSent):
        await examinee.send("not now")
    assert examinee.of_kind(SendStarted) == []
    await network.come_up()
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.send("now")
    await examinee.shown("now")


@PAPER.asks()
async def an_owner_that_lost_the_session_lets_go(network: Network) -> None:
    examinee = await Examinee.paired(network)
    failing = Failing(network.storage, OwnershipLost)
    await network.type("for the new owner")
    await until(
        lambda: failing.failed > 0 and examinee.state is not None and examinee.state.state in FINAL,
        lambda: f"{examinee.told}",
    )
    assert examinee.state is not None
    assert examinee.state.state is SessionState.STOPPED
    assert examinee.state.reason is not None
    assert examinee.state.reason.code == "ownership_lost"
    passed = examinee.gate_passed
    with pytest.raises((NotSent, VaultFailed)):
        await examinee.send("too late")
    assert examinee.gate_passed == passed


@PAPER.asks()
async def damaged_credentials_are_told_and_left_alone(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.close()
    await network.damage()
    before = dict(network.storage.records[SESSION])
    with pytest.raises(RecordUnreadable):
        await examinee.open()
    assert network.storage.records[SESSION] == before


# ---- endings


@PAPER.asks()
async def a_device_that_the_phone_removed_is_logged_out(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.end(SessionState.LOGGED_OUT)
    ended = await examinee.is_in(SessionState.LOGGED_OUT)
    assert ended.reason is not None
    assert ended.reason.code == "device_removed"
    await stays_ended(examinee)


@PAPER.asks()
async def a_device_whose_login_is_refused_is_logged_out(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.refuse_logins()
    await network.drop()
    ended = await examinee.is_in(SessionState.LOGGED_OUT)
    assert ended.reason is not None
    assert ended.reason.code in {"login_refused", "device_removed"}
    await stays_ended(examinee)


@PAPER.asks()
async def a_banned_account_is_told(network: Network) -> None:
    await ends_in(network, SessionState.BANNED, "banned")


@PAPER.asks()
async def a_replaced_device_is_told(network: Network) -> None:
    await ends_in(network, SessionState.REPLACED, "replaced")


@PAPER.asks()
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


@PAPER.asks(ability=LogsOut)
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


@PAPER.asks()
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


@PAPER.asks()
async def a_session_that_is_forgotten_begins_anew(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await examinee.close()
    network.storage.records[SESSION].clear()
    await examinee.engine.forget(SESSION)
    await examinee.engine.forget(SESSION)  # as often as one likes
    await examinee.engine.forget(SessionId("ses_nobody"))
    examinee.told.clear()
    await examinee.open()
    await network.scan((await examinee.hears(QrShown)).text)
    await examinee.is_in(SessionState.CONNECTED)
    await examinee.send("hello again")
    await examinee.shown("hello again")
