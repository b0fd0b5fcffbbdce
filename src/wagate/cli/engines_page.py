"""The engines compared, as a page: ``docs/engines.md`` is written from what the plugs say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

from wagate.cli.engine_proofs import Proof, proofs_table
from wagate.ports.comparison import COSTS, PROMISES, WITHOUT, Entry, every_ability

_HEAD = """\
# Engines

An engine is a way of reaching WhatsApp; a session pins its own (`engine` when it is created, the setting `engine` when
nothing is said there), and may [move to another](howto/move-a-session.md). This page is written from what the engines
say of themselves by `wagate engines --write docs/engines.md`; `GET /v1/engines` says the same of those that are
installed on a gateway.
"""

_EXAMINATION = """\
* Every engine sits the same examination (`tests/contracts`). It asks whether each promise in the table is kept, and
  whether an engine that does not make it says truthfully what became of a message.
* What an engine cannot do is refused with `unsupported_by_engine` when it is asked, never silently.
* With the first three promises together, a message that was accepted is delivered once, and one that arrived is kept
  once, whenever the process dies: `python -m bench.crash_native` and `python -m bench.failed_commits` show it.
"""

_PROVEN = """\
Out is from us to WhatsApp, in the other way. Each "yes" names a test that runs the engine against the emulator; nothing
is called "yes" without one.
"""

_UNPROVEN = """\
Everything here was shown against the emulator in this repository, which unmodified whatsmeow (through neonize) and
Baileys accept as WhatsApp and in which they exchange messages with `native` (`tests/judges`). That proves the shape of
the protocol, and nothing about the live service's policy. Whoever tries an engine with a real number can tell us what
happened: [live acceptance](runbooks/live-acceptance.md).
"""

_DEFAULT_NATIVE = """\
`native`. It is the engine whose guarantees wagate is designed for, and the one of the sandbox: it chooses message ids,
persists before it acknowledges and before it sends, and answers retries from its store. It has been judged by
independent clients on the emulator and never by the live service. An engine on whatsmeow, which thousands run, is
planned as the default for real numbers; in this version `native` is the only engine for WhatsApp Web. The setting is
one word: `WAGATE_ENGINE`.
"""

_DEFAULT_NEONIZE = """\
`native` is the engine of the sandbox and the one whose guarantees wagate is designed for. It has been judged by
independent clients on the emulator and never by the live service. So until somebody has run it there for weeks, the
default for real numbers is `neonize` where it is installed: thousands run its protocol code (whatsmeow). Its price is
in the tables: no promise about durability, and a process for each session. The setting is one word: `WAGATE_ENGINE`.
"""


def engines_page(entries: Iterable[Entry], proofs: Sequence[Proof] = ()) -> str:
    """The text of ``docs/engines.md``; ``proofs`` say which test shows what."""
    compared = list(entries)
    names = [entry.name for entry in compared]
    default = _DEFAULT_NEONIZE if "neonize" in names else _DEFAULT_NATIVE
    return "\n".join(
        [
            _HEAD,
            *(f"* `{entry.name}`: {entry.summary}." for entry in compared),
            "",
            *_section("Promises", "promise", names, _promises(compared)),
            *_section("Abilities", "ability", names, _abilities(compared)),
            *_limits(compared),
            *_section("Costs", "what it takes", names, _costs(compared)),
            *_shown(proofs, [name for name in names if name != "fake"]),
            "## What this means",
            "",
            _EXAMINATION + "".join(_without(compared)),
            "## Which one is the default, and why",
            "",
            default,
            "## What nobody has shown",
            "",
            _UNPROVEN,
            *(fill(f"* `{entry.name}`: {entry.unproven}", 120, subsequent_indent="  ") for entry in compared),
            "",
        ]
    )


def _promises(entries: Sequence[Entry]) -> list[list[str]]:
    return [
        *([meaning, *(_mark(entry.keeps(name)) for entry in entries)] for name, meaning in PROMISES.items()),
        ["Kinds of content it sends", *(", ".join(sorted(entry.features.contents)) for entry in entries)],
        ["Longest text, in bytes of UTF-8", *(f"{entry.features.max_text_bytes:,}" for entry in entries)],
        ["Longest caption, in characters", *(f"{entry.features.max_caption_chars:,}" for entry in entries)],
        ["Longest footer, in characters", *(f"{entry.features.max_footer_chars:,}" for entry in entries)],
        ["Seconds in which a text can be edited", *(_edit_window(entry) for entry in entries)],
        ["Most options of a poll", *(_poll_options(entry) for entry in entries)],
    ]


def _edit_window(entry: Entry) -> str:
    return f"{entry.features.edit_window_s:,}" if "edit" in entry.features.contents else "none"


def _poll_options(entry: Entry) -> str:
    return f"{entry.features.max_poll_options:,}" if "poll" in entry.features.contents else "none"


def _abilities(entries: Sequence[Entry]) -> list[list[str]]:
    return [[ability.meaning, *(_mark(ability.name in entry.can) for entry in entries)] for ability in every_ability()]


def _limits(entries: Sequence[Entry]) -> list[str]:
    """How far abilities go where they do not go all the way."""
    return [
        line
        for entry in entries
        if entry.limits
        for line in (
            f"How far `{entry.name}` goes:",
            "",
            *(fill(f"* {matter}: {words}", 120, subsequent_indent="  ") for matter, words in entry.limits.items()),
            "",
        )
    ]


def _costs(entries: Sequence[Entry]) -> list[list[str]]:
    costs = [[title, *(getattr(entry.costs, name) for entry in entries)] for name, title in COSTS.items()]
    return [*costs, ["Version that it announces", *(entry.client_version or "none" for entry in entries)]]


def _shown(proofs: Sequence[Proof], names: Sequence[str]) -> list[str]:
    """What each engine can do, out (from us to WhatsApp) and in, each "yes" with the test that shows it."""
    if not proofs:
        return []
    head = [_row(["what", "direction", *names]), _row(["---"] * (len(names) + 2))]
    return ["## What is shown, and by which test", "", _PROVEN, *head, *map(_row, proofs_table(proofs, names)), ""]


def _without(entries: Sequence[Entry]) -> list[str]:
    """What follows where a promise is not made by somebody."""
    lines = []
    for name, consequence in WITHOUT.items():
        lacking = [f"`{entry.name}`" for entry in entries if not entry.keeps(name)]
        if lacking:
            line = f"* With {' and '.join(lacking)}, which does not promise `{name}`: {consequence}."
            lines.append(f"{fill(line, 120, subsequent_indent='  ', break_on_hyphens=False)}\n")
    return lines


def _section(title: str, first: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    head = [_row([first, *names]), _row(["---"] * (len(names) + 1))]
    return [f"## {title}", "", *head, *map(_row, rows), ""]


def _mark(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
