"""Linking a phone from the terminal: the QR code, or the code to type, until the session is connected."""

from __future__ import annotations

import asyncio
import io
import sys
from typing import Any, Protocol

from typing_extensions import override

from wagate.cli.client import ApiClient, ApiRefused
from wagate.cli.outcome import CommandFailed, say, say_json
from wagate.domain.session import FINAL, LIVE

POLL_S = 0.7

Session = dict[str, Any]


class Display(Protocol):
    """Where a human (or a machine) follows the pairing."""

    def show_qr(self, code: dict[str, Any]) -> None:
        """There is a new code to scan."""
        ...

    def show_code(self, code: dict[str, Any]) -> None:
        """There is a code to type into the phone."""
        ...

    def show_state(self, session: Session) -> None:
        """The session's state changed."""
        ...


async def pair(client: ApiClient, name: str, phone: str | None, display: Display) -> Session:
    """Start a session and show what the phone needs until it is connected; ``phone`` asks for a code to type.

    Raises CommandFailed when the session ends in a state that only a human can leave.
    """
    session: Session = await client.call("GET", f"/sessions/{name}")
    if session["state"] in LIVE:
        display.show_state(session)
        return session
    if session["state"] in FINAL:
        session = await client.call("POST", f"/sessions/{name}/start")
    return await _follow(client, name, session, phone, display)


async def _follow(client: ApiClient, name: str, session: Session, phone: str | None, display: Display) -> Session:
    shown_state = shown_code = None
    while True:
        if session["state"] != shown_state:
            shown_state = session["state"]
            display.show_state(session)
        if shown_state in LIVE:
            return session
        if shown_state in FINAL:
            raise CommandFailed(f"The session is {shown_state}. {session['action'] or ''}".strip())
        if shown_state == "awaiting_scan":
            shown_code = await _show_next(client, name, phone, shown_code, display)
        await asyncio.sleep(POLL_S)
        session = await client.call("GET", f"/sessions/{name}")


async def _show_next(
    client: ApiClient, name: str, phone: str | None, shown: str | None, display: Display
) -> str | None:
    """Show the present code unless it is the one that is shown; returns what is shown now."""
    if phone is not None:
        if shown is None:
            code = await client.call("POST", f"/sessions/{name}/pairing-code", {"phone": phone})
            display.show_code(code)
            return str(code["code"])
        return shown
    try:
        qr = await client.call("GET", f"/sessions/{name}/qr", headers={"Accept": "application/json"})
    except ApiRefused as refused:
        if refused.code == "qr_not_ready":
            return shown
        raise
    if qr["qr"] != shown:
        display.show_qr(qr)
    return str(qr["qr"])


class Lines(Display):
    """One JSON document per line, for machines."""

    @override
    def show_qr(self, code: dict[str, Any]) -> None:
        """The raw text and when it ends."""
        say_json({"qr": code["qr"], "expires_at": code["expires_at"]})

    @override
    def show_code(self, code: dict[str, Any]) -> None:
        """The code and how long it is good for."""
        say_json({"pairing_code": code["code"], "expires_in_s": code["expires_in_s"]})

    @override
    def show_state(self, session: Session) -> None:
        """The whole session."""
        say_json({"session": session})


class Words(Display):
    """Sentences and a QR code made of blocks. On a terminal each code takes the place of the one before."""

    def __init__(self) -> None:
        """Begin below what the terminal shows now."""
        self._is_terminal = sys.stdout.isatty()
        self._height = 0

    @override
    def show_qr(self, code: dict[str, Any]) -> None:
        """The code, with what to do."""
        self._erase()
        lines = [
            *map(_coloured if self._is_terminal else str, qr_blocks(code["qr"]).splitlines()),
            "Scan it: WhatsApp, Linked devices, Link a device. A new code comes when this one ends.",
        ]
        self._height = len(lines)
        say(*lines)

    @override
    def show_code(self, code: dict[str, Any]) -> None:
        """The code, with what to do."""
        say(
            f"Code: {code['code']}",
            f"Type it within {code['expires_in_s']:.0f} s: WhatsApp, Linked devices, Link a device, "
            "Link with phone number instead.",
        )

    @override
    def show_state(self, session: Session) -> None:
        """One sentence."""
        self._erase()
        me = session["me"] or {}
        if session["state"] in LIVE:
            who = me.get("phone") or me.get("lid") or "an unknown number"
            say(f"Session {session['name']} is connected as {who}.")
        else:
            say(f"Session {session['name']} is {session['state'].replace('_', ' ')}.")

    def _erase(self) -> None:
        if self._is_terminal and self._height:
            sys.stdout.write(f"\x1b[{self._height}F\x1b[J")  # to the first line of the old code, and clear from there
        self._height = 0


def _coloured(line: str) -> str:
    return f"\x1b[97;40m{line}\x1b[0m"  # white on black, whatever the terminal's own colours are


def qr_blocks(text: str) -> str:
    """A QR code for a terminal, two modules in the height of each character."""
    import segno

    drawn = io.StringIO()
    segno.make_qr(text, error="l").terminal(drawn, border=2, compact=True)
    return drawn.getvalue()
