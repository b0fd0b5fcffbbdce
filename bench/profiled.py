"""``wagate`` with a sampler of CPU time: ``python -m bench.profiled FILE serve …`` writes where it went at the end.

A sample is taken after every millisecond of CPU that the process used, so waiting counts for nothing. Each line of the
file is a number of samples and the stack they were taken in, innermost call last.
"""

from __future__ import annotations

import runpy
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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


def stacks_of(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The samples taken after the start: how many, and the calls they were taken in, innermost last."""
    for line in file.read_text("utf-8").splitlines():
        count, _, stack = line.partition(" ")
        calls = stack.split(";")
        if not any(call.startswith("importlib") for call in calls):
            yield int(count), calls


def shares(file: Path, places: Mapping[str, Sequence[str]], others: str) -> dict[str, float]:
    """The share of the samples whose innermost known module belongs to each place, by its modules' beginnings.

    ``others`` is where no module is known.
    """
    found: Counter[str] = Counter()
    for count, calls in stacks_of(file):
        owners = (
            place for call in reversed(calls) for place, starts in places.items() if call.startswith(tuple(starts))
        )
        found[next(owners, others)] += count
    total = sum(found.values()) or 1
    return {place: count / total for place, count in found.most_common()}


def engine_share(file: Path) -> float:
    """The share of the samples that were taken in the native engine or the protocol below it, after the start."""
    return shares(file, {"engine": ENGINE, "others": ("wagate.",)}, "others").get("engine", 0.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
