"""``wagate`` with a sampler of CPU time: ``python -m bench.profiled FILE serve …`` writes where it went at the end.

A sample is taken after every millisecond of CPU that the process used, so waiting counts for nothing. Each line of the
file is a number of samples and the stack they were taken in, innermost call last.
"""

from __future__ import annotations

import runpy
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

EVERY_S = 0.001
ENGINE = ("wagate.adapters.engines", "whatsapp_wire")


def main(file: Path, arguments: list[str]) -> None:
    """Run ``wagate`` with these arguments."""
    stacks: Counter[tuple[str, ...]] = Counter()

    def sample(_number: int, frame: FrameType | None) -> None:
        calls = []
        while frame is not None:
            calls.append(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        stacks[tuple(reversed(calls))] += 1

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    sys.argv = ["wagate", *arguments]
    try:
        runpy.run_module("wagate", run_name="__main__")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = (f"{count} {';'.join(stack)}" for stack, count in stacks.most_common())
        file.write_text("\n".join(lines), "utf-8")


def engine_share(file: Path) -> float:
    """The share of the samples that were taken in the native engine or the protocol below it, after the start."""
    engine = total = 0
    for line in file.read_text("utf-8").splitlines():
        count, _, stack = line.partition(" ")
        calls = stack.split(";")
        if any(call.startswith("importlib") for call in calls):
            continue
        total += int(count)
        owner = next((call for call in reversed(calls) if call.startswith(("wagate.", "whatsapp_wire."))), "")
        engine += int(count) if owner.startswith(ENGINE) else 0
    return engine / total if total else 0.0


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
