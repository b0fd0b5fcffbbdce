"""Unmodified clients judge the gateway: ``python -m bench.judges [--texts 200] [--cuts 10] [--judge neonize]``.

Each judge pairs with the emulator and exchanges so many texts each way with a gateway on SQLite while that many of our
connections are cut, half as many more on the judge's own side where it says for certain what it has sent. One line per
judge; the scenario and its rules are those of ``tests/judges/interop.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from bench.rig import scratch
from judges import peers
from judges.gateway import running_gateway
from judges.interop import Outcome, Plan, Scene
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

US, PEER = "4915100000011", "4915100000012"


async def judged(name: str, texts: int, cuts: int, seed: int) -> tuple[Outcome, list[str]]:
    """Let one judge judge; what became of it, and what else strict mode holds against anybody but the judge."""
    with scratch() as folder, peers.scratch() as peers_folder:
        async with Emulator(seed=seed) as emulator:
            judge = peers.JUDGES[name](emulator.whereabouts, peers_folder)
            async with (
                EmulatorClient(emulator.whereabouts.control_url) as control,
                running_gateway(US, folder / "gateway", emulator.whereabouts) as us,
                judge.open(PEER) as peer,
            ):
                scene = Scene(emulator, control, us, peer)
                await scene.pair()
                outcome = await scene.play(Plan.for_judge(judge, texts, cuts, seed))
                scene.forgive_peer()
            return outcome, [f"{each.kind} by {each.who}: {each.detail}" for each in emulator.world.audit.violations]


def line(name: str, outcome: Outcome) -> str:
    """The figures of one judge."""
    plan, out = outcome.plan, (outcome.by_judge, outcome.by_contact, outcome.by_own_phone)
    return (
        f"{name:8} {plan.texts}+{plan.texts} texts in {outcome.seconds:.1f} s, "
        f"{plan.cuts}+{plan.peer_cuts} cuts, {outcome.logins} logins | "
        f"ours: lost {sum(len(each.lost) for each in out)}, twice {sum(len(each.twice) for each in out)} | "
        f"theirs: lost {len(outcome.by_us.lost)}, twice {len(outcome.by_us.twice) + outcome.by_us.repeats}, "
        f"refused by the judge {outcome.refused} | "
        f"ratchet keys used twice: {outcome.our_reuses} by us, {outcome.peer_reuses} by the judge | "
        f"sent again as it was: {outcome.same_ciphertexts}, shown again by the judge: {outcome.by_judge.repeats}"
    )


async def main(names: list[str], texts: int, cuts: int, seed: int) -> bool:
    """Let all judge, one after the other; whether there was nothing to find fault with."""
    holds = True
    for name in names:
        outcome, violations = await judged(name, texts, cuts, seed)
        print(line(name, outcome), flush=True)
        for fault in (*outcome.faults, *violations):
            holds = False
            print(f"  MISS {fault}", flush=True)
    return holds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=200, help="each way")
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judge", action="append", choices=sorted(peers.JUDGES), help="all by default")
    chosen = parser.parse_args()
    sys.exit(not asyncio.run(main(chosen.judge or sorted(peers.JUDGES), chosen.texts, chosen.cuts, chosen.seed)))
