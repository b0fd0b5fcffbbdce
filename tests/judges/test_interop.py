"""Judges talk with our gateway while connections are cut: nothing is lost, nothing is doubled, no key is used twice."""

from pathlib import Path

import pytest

from judges.gateway import running_gateway
from judges.interop import Plan, Scene, tally
from judges.peers import Judge
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

US, PEER = "4915100000011", "4915100000012"
TEXTS, CUTS = 60, 10
"""``python -m bench.judges`` does the same with more texts."""


@pytest.mark.judge
async def test_talks_with_us_while_connections_are_cut(
    judge: Judge, emulator: Emulator, control: EmulatorClient, tmp_path: Path
) -> None:
    async with running_gateway(US, tmp_path / "gateway", emulator.whereabouts) as us, judge.open(PEER) as peer:
        scene = Scene(emulator, control, us, peer)
        await scene.pair()
        outcome = await scene.play(Plan.for_judge(judge, TEXTS, CUTS))
        scene.forgive_peer()
        assert outcome.faults == [], peer.complaints()


def test_a_tally_tells_what_was_lost_from_what_was_doubled() -> None:
    shown = [("1", "a"), ("2", "b"), ("3", "b"), ("4", "d"), ("4", "d")]
    counted = tally(["a", "b", "c", "d"], shown)
    assert (counted.lost, counted.twice, counted.repeats) == (("c",), ("b",), 1)
