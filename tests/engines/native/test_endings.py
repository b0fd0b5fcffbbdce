"""How connections end, and what follows: every stream error and refusal, dead peers, and the order of states."""

import pytest

from engines.native.lines import OTHER, OWN, QUICK, LineUnderTest, paired_line, until
from wagate.domain.session import SessionState, action_for
from wagate.ports.engine import NotSent
from wagate.ports.news import SeenAlive, StateChanged
from wagate.ports.vault import OwnershipLost
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


@pytest.mark.parametrize("kind", ["drop", "rst", "503"])
async def test_a_lost_connection_is_dialled_again(emulator: Emulator, control: EmulatorClient, kind: str) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        line.told.clear()
        assert await control.operator(OWN).kick(kind) == 1
        await line.state(SessionState.CONNECTED)
        lost, connected = line.states()
        assert lost[0] is SessionState.DISCONNECTED
        assert lost[1] == ("server_unavailable" if kind == "503" else "connection_lost")
        assert connected == (SessionState.CONNECTED, None)
        await line.send(OTHER, "back")
        (shown,) = await control.phone(OTHER).inbox(wait_s=40)
        assert shown.text == "back"


async def test_a_restart_asked_for_is_no_trouble(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        line.told.clear()
        await control.operator(OWN).kick("515")
        await line.state(SessionState.CONNECTED)
        assert line.states() == [(SessionState.CONNECTING, None), (SessionState.CONNECTED, None)]


async def test_another_login_with_our_keys_ends_the_line(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await control.operator(OWN).kick("replaced")
        await line.state(SessionState.REPLACED, "replaced")
        await _ends_for_good(line)
        assert _keys(line)


async def test_removed_by_the_phone(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await line.send(OTHER, "so that there is something to forget")
        await control.phone(OWN).log_out()
        await line.state(SessionState.LOGGED_OUT, "device_removed")
        await _ends_for_good(line)
        assert line.storage.records[line.session] == {}


async def test_logged_out_by_us(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await line.live.log_out()
        assert line.states()[-1] == (SessionState.LOGGED_OUT, "logged_out_by_user")
        assert line.storage.records[line.session] == {}
        devices = emulator.world.phone(OWN).account.devices
        assert devices == {}
        with pytest.raises(NotSent):
            await line.live.log_out()


@pytest.mark.parametrize(
    ("reason", "attrs", "state", "code", "forgets"),
    [
        ("401", {}, SessionState.LOGGED_OUT, "device_removed", True),
        ("402", {"code": "101", "expire": "3600"}, SessionState.BANNED, "banned", False),
        ("403", {}, SessionState.LOGGED_OUT, "login_refused", True),
        ("405", {}, SessionState.OUTDATED, "client_outdated", False),
        ("406", {}, SessionState.LOGGED_OUT, "login_refused", True),
    ],
)
async def test_refused_logins(
    emulator: Emulator,
    control: EmulatorClient,
    reason: str,
    attrs: dict[str, str],
    state: SessionState,
    code: str,
    forgets: bool,
) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await control.operator(OWN).refuse(reason, attrs)
        await control.operator(OWN).kick("drop")
        await line.state(state, code)
        told = next(news for news in reversed(line.told) if isinstance(news, StateChanged))
        assert told.reason is not None
        assert action_for(told.reason)
        assert reason in told.reason.detail
        assert all(value in told.reason.detail for value in attrs.values())
        await _ends_for_good(line)
        assert _keys(line) is not forgets


async def test_a_server_in_trouble_is_asked_again(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        await control.operator(OWN).refuse("503")
        await control.operator(OWN).kick("drop")
        await line.state(SessionState.DISCONNECTED, "server_unavailable")
        with pytest.raises(NotSent):
            await line.send(OTHER, "not now")
        await control.operator(OWN).allow()
        await line.state(SessionState.CONNECTED)


async def test_a_deaf_server_is_noticed(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control, QUICK) as line:
        await until(lambda: bool(line.of(SeenAlive)))
        line.told.clear()
        await control.faults(deaf=True)
        await line.state(SessionState.DISCONNECTED, "keepalive_lost")
        await control.faults(deaf=False)
        await line.state(SessionState.CONNECTED)
        assert line.states()[:2] == [
            (SessionState.DEGRADED, "keepalive_lost"),
            (SessionState.DISCONNECTED, "keepalive_lost"),
        ]


async def test_a_line_that_drops_again_and_again_is_degraded(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        for _ in range(5):
            line.told.clear()
            await control.operator(OWN).kick("drop")
            await until(lambda: bool(line.states()) and line.states()[-1][0] is not SessionState.DISCONNECTED)
        assert line.states()[-1] == (SessionState.DEGRADED, "flapping")
        await line.send(OTHER, "it still works")
        (shown,) = await control.phone(OTHER).inbox(wait_s=40)
        assert shown.text == "it still works"


async def test_a_session_owned_elsewhere_is_dropped_at_once(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:

        def lose() -> None:
            raise OwnershipLost()

        line.storage.before_commit = lose
        await control.phone(OTHER).type(OWN, "for the new owner")
        await line.state(SessionState.STOPPED, "ownership_lost")
        await _ends_for_good(line)
        assert _keys(line)


async def test_the_gate_is_passed_before_every_dial(emulator: Emulator, control: EmulatorClient) -> None:
    async with paired_line(emulator.whereabouts, control) as line:
        passed = line.gate_passed
        assert passed == 2  # to pair, and after the restart that follows
        await control.operator(OWN).kick("drop")
        await until(lambda: line.gate_passed == passed + 1)
        await line.state(SessionState.CONNECTED)


async def _ends_for_good(line: LineUnderTest) -> None:
    connected = line.gate_passed
    with pytest.raises(NotSent):
        await line.send(OTHER, "too late")
    assert line.gate_passed == connected


def _keys(line: LineUnderTest) -> bool:
    return ("credentials", "me") in line.storage.records[line.session]
