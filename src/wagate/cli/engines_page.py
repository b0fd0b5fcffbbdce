"""What each engine promises, as a page: ``docs/engines.md`` is written from the plugs' own data sheets."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from wagate.ports import abilities
from wagate.ports.engine import Engine, EngineFeatures

_PROMISES = {
    "chooses_message_id": "We choose the message id, so a message that is sent again is recognised as the same one",
    "acks_after_persist": "What arrives is acknowledged to WhatsApp only once it is committed here",
    "answers_retries_from_store": "A recipient that asks for a message again gets it, also after a restart",
    "queries_history": "Older messages can be fetched from the phone",
    "pairs_with_passkey": "A phone that insists on a passkey can be linked",
}

_FOOT = """\
## What this means

* With the first three promises together, a message that was accepted is delivered once, and one that arrived is kept
  once, whenever the process dies: `python -m bench.crash_native` and `python -m bench.failed_commits` show it.
* What an engine cannot do is refused with `unsupported_by_engine` when it is asked, never silently.
* `fake` follows a script instead of a network. It sits the same examination as the others
  (`tests/contracts/test_engines.py`) and is there for tests and demonstrations.

## What nobody has shown

Everything here was shown against the emulator in this repository, which unmodified whatsmeow (through neonize) and
Baileys accept as WhatsApp and in which they exchange messages with `native` (`tests/judges`). That proves the shape of
the protocol. It proves nothing about the live service's policy: whether it accepts this client for weeks, how it treats
its TLS and WebSocket fingerprint, when it restricts or bans a number, how it migrates old accounts. `native` has never
spoken to the live service. An engine on whatsmeow, which thousands run, is planned as the default for real numbers;
until it is here `native` is the only engine for WhatsApp Web.
"""


def engines_page(engines: Iterable[Engine]) -> str:
    """The text of ``docs/engines.md``."""
    sheets = [(engine.name, engine.features, engine) for engine in engines]
    names = [name for name, _, _ in sheets]
    lines = [
        "# Engines",
        "",
        "An engine is a way of reaching WhatsApp; a session pins its own. This page is written from the engines'",
        "data sheets by `wagate engines --write docs/engines.md`.",
        "",
        _row("promise", names),
        _row("---", ["---"] * len(names)),
    ]
    lines += [_row(meaning, [_mark(sheet, field) for _, sheet, _ in sheets]) for field, meaning in _PROMISES.items()]
    lines.append(_row("Kinds of content it sends", [", ".join(sorted(sheet.contents)) for _, sheet, _ in sheets]))
    lines.append(_row("Longest text, in bytes of UTF-8", [f"{sheet.max_text_bytes:,}" for _, sheet, _ in sheets]))
    lines += ["", _row("ability", names), _row("---", ["---"] * len(names))]
    for ability in _all_abilities():
        meaning = (inspect.getdoc(ability) or "").splitlines()[0].rstrip(".")
        lines.append(
            _row(meaning, ["yes" if issubclass(engine.connection, ability) else "no" for *_, engine in sheets])
        )
    return "\n".join([*lines, "", _FOOT])


def _all_abilities() -> list[type]:
    return [
        member
        for _, member in inspect.getmembers(abilities, inspect.isclass)
        if member.__module__ == abilities.__name__ and getattr(member, "_is_protocol", False)
    ]


def _mark(sheet: EngineFeatures, field: str) -> str:
    return "yes" if getattr(sheet, field) else "no"


def _row(first: str, others: list[str]) -> str:
    return f"| {' | '.join([first, *others])} |"
