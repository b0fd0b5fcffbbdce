"""Days offline: thousands of messages wait, and come in one piece."""

from __future__ import annotations

from typing_extensions import override

from engines.native.lines import OTHER, OWN, paired_line, until
from engines.native.scripted import Script, Stranger
from wagate.adapters.engines.native.shell import MAX_UNCOMMITTED
from wagate.domain.session import SessionState
from wagate.ports.news import MessageArrived, StateChanged
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_wire.node import Node

MANY = 3 * MAX_UNCOMMITTED


async def test_no_more_is_taken_in_than_can_be_kept(emulator: Emulator, control: EmulatorClient) -> None:
    """Whatever comes at once: a database that is slower than WhatsApp must not be handed all of it."""
    async with paired_line(emulator.whereabouts, control) as line:
        await line.close()
        other, own = emulator.world.phone(OTHER), emulator.world.account(OWN).pn
        for number in range(MANY):
            other.type(own, str(number))
        waiting: list[int] = []
        line.storage.before_commit = lambda: waiting.append(line.live._shell._uncommitted)
        await line.open()
        await until(lambda: len(line.of(MessageArrived)) == MANY, timeout_s=60)
    assert max(waiting) <= MAX_UNCOMMITTED + 1


class Mute(Script):
    """A server that answers no ping."""

    @override
    def _take(self, node: Node) -> None:
        if node.get("xmlns") != "w:p":
            super()._take(node)


def _states(script: Script) -> list[SessionState]:
    return [told.state for told in script.shell.told if isinstance(told, StateChanged)]


def test_a_server_that_talks_is_there_though_its_answer_to_a_ping_is_far_behind() -> None:
    script = Mute()
    stranger = Stranger()
    stranger.meet(script)
    for number in range(5):
        script.wait(30)
        script.hear(stranger.say(f"A{number}", "one of thousands"))
        script.wait(10)
    assert SessionState.DEGRADED not in _states(script)
    script.wait(30)
    script.wait(10)
    assert SessionState.DEGRADED in _states(script)
