"""Writes docs/parity.md from the acts and the table of known differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from judges.parity.acts import ACTS
from judges.parity.judged import table
from judges.parity.known import Known

PAGE = Path(__file__).parents[3] / "docs" / "parity.md"

_HEAD = """# Wire parity with whatsmeow

<!-- Made by `PYTHONPATH=tests python -m judges.parity` from tests/judges/parity/known.toml. Do not edit. -->

The `native` engine is our own implementation of WhatsApp Web. To the server it should look like the one that thousands
of programs run: whatsmeow. `tests/judges/test_parity.py` lets both go through the same acts, whatsmeow inside an
unmodified neonize, each against a pretend network of its own that writes down every stanza it decrypts. It fails when
the two differ in anything that this page does not name, and when something named here is not so any more.

**Compared**, act by act: both client payloads, field by field; every stanza from client to server by tag, attributes,
type of each attribute (address or text), order of children, type and length of content (ciphertexts: type only); the
order of requests and messages; the plaintexts, as the phones decrypt them, field by field; every request to a media
host by method, path, query and the headers that a client chooses. Every stanza of both also passes through our codec
and comes out as the same bytes.

**Not compared**: what only the clock decides (keep-alives, time-outs, back-off); where acks and receipts stand among
other stanzas (whatsmeow sends them from tasks of their own; ours leave once what they confirm is durable); TLS and
WebSocket handshakes and the other headers of HTTP, which differ, as Go and Python do; padding; whatever is not built
yet. And all of this is a comparison with whatsmeow: what the live service makes of either has not been shown here.

## The acts
"""

_JUDGED = """## Who has judged what

Everything that `native` says or does: the acts above in which it is compared with whatsmeow, and the tests in
`tests/judges` in which an unmodified neonize and an unmodified Baileys, each in turn, understand us and are understood.
The last column says what a judge cannot do, or is not asked for.
"""

_ANYWHERE = "any"


def page(known: Sequence[Known]) -> str:
    """The whole page."""
    acts = "\n".join(f"{number}. {act.name}" for number, act in enumerate(ACTS, 1))
    numbers = {act.name: number for number, act in enumerate(ACTS, 1)}
    return f"{_HEAD}\n{acts}\n\n{_JUDGED}\n{table(numbers)}\n## The differences\n\n{_table(known)}"


def _table(known: Sequence[Known]) -> str:
    rows = [("Where", "native", "whatsmeow", "Acts", "Why"), ("---",) * 5, *map(_row, known)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(known: Known) -> tuple[str, ...]:
    numbers = {act.name: str(number) for number, act in enumerate(ACTS, 1)}
    acts = ", ".join(numbers[act] for act in known.acts) or _ANYWHERE
    acts += ", sometimes" if known.sometimes else ""
    return _code(known.where), _code(known.native), _code(known.whatsmeow), acts, known.reason


def _code(text: str | None) -> str:
    return "nothing" if text is None else "`" + text.replace("|", r"\|") + "`"
