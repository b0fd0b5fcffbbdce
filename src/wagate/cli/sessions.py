"""Sessions from the terminal, through a running gateway."""

from __future__ import annotations

from typing import Any

from wagate.cli.client import ApiClient, ApiRefused
from wagate.cli.outcome import say, say_json
from wagate.cli.pairing import Lines, Words
from wagate.cli.pairing import pair as follow_pairing
from wagate.cli.tables import table


async def show_all(*, as_json: bool) -> None:
    """Print every session with its state and what to do about it."""
    async with ApiClient() as client:
        found = await client.all("/sessions")
    if as_json:
        say_json(found)
    elif found:
        rows = [
            (one["name"], one["state"], (one["me"] or {}).get("phone") or "", one["engine"], one["action"] or "")
            for one in found
        ]
        say(table(("Session", "State", "Phone", "Engine", "What to do"), rows))
    else:
        say("There is no session yet. `wagate session pair NAME` makes one and links a phone.")


async def create(name: str, engine: str | None, proxy: str | None, *, as_json: bool) -> None:
    """Make a session."""
    async with ApiClient() as client:
        session = await _create(client, name, engine, proxy)
    if as_json:
        say_json(session)
    else:
        say(f"Made session {session['name']} ({session['id']}). Link a phone: wagate session pair {session['name']}")


async def pair(name: str, phone: str | None, *, as_json: bool) -> None:
    """Link a phone to a session, which is made if need be."""
    async with ApiClient() as client:
        try:
            await client.call("GET", f"/sessions/{name}")
        except ApiRefused as refused:
            if refused.code != "session_not_found":
                raise
            await _create(client, name, None, None)
        await follow_pairing(client, name, phone, Lines() if as_json else Words())


async def _create(client: ApiClient, name: str, engine: str | None, proxy: str | None) -> dict[str, Any]:
    wanted: dict[str, object] = {"name": name}
    if engine:
        wanted["engine"] = engine
    if proxy:
        wanted["settings"] = {"proxy": proxy}
    made: dict[str, Any] = await client.call("POST", "/sessions", wanted)
    return made
