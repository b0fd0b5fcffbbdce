"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

_UNLIMITED = 10_000


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns without frames, each line as long as it is: an id that was cut could not be pasted."""
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table

    drawn = Table(*(Column(title, no_wrap=True) for title in head), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        drawn.add_row(*row)
    console = Console(width=_UNLIMITED, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    return "\n".join(line.rstrip() for line in captured.get().splitlines() if line.strip())
