"""Sessions from the terminal, through a running gateway."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wagate.cli.client import ApiClient, ApiRefused
from wagate.cli.outcome import CommandFailed, say, say_json
from wagate.cli.pairing import Lines, Words
from wagate.cli.pairing import pair as follow_pairing
from wagate.cli.tables import table


@dataclass(frozen=True, slots=True)
class Import:
    """What to import: ``whatsmeow``, a database, or ``baileys``, a folder; which device, and what becomes of it."""

    source: str
    path: Path
    jid: str | None
    name: str | None
    engine: str | None

    def files(self) -> list[Path]:
        """The files to send: those of a folder, or a database with its WAL. Raises CommandFailed."""
        if self.source == "whatsmeow":
            wal = self.path.with_name(self.path.name + "-wal")
            return [self.path, wal] if wal.exists() else [self.path]
        if not self.path.is_dir():
            raise CommandFailed(f"{self.path} is not a folder.")
        return sorted(file for file in self.path.iterdir() if file.suffix == ".json" and file.is_file())


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


async def move(name: str, engine: str, *, as_json: bool) -> None:
    """Have another engine go on with a session."""
    async with ApiClient() as client:
        session = await client.call("POST", f"/sessions/{name}/move", {"engine": engine})
    if as_json:
        say_json(session)
    else:
        say(f"Session {session['name']} uses {session['engine']} now and is {session['state']}.")


async def take_over(wanted: Import, *, as_json: bool) -> None:
    """Make a session of a linked device of another program."""
    words = {"source": wanted.source}
    words |= {key: word for key in ("jid", "name", "engine") if (word := getattr(wanted, key))}
    async with ApiClient() as client:
        session = await client.upload("/sessions/import", words, wanted.files())
    if as_json:
        say_json(session)
    else:
        say(
            f"Imported {session['me']['phone']} as session {session['name']} ({session['id']}); it is stopped.",
            "Now see to it that the other program never runs again: two that use the same keys destroy them.",
            f"Then start it: POST /v1/sessions/{session['name']}/start, or wagate session start {session['name']}.",
        )


async def start(name: str, *, as_json: bool) -> None:
    """Start a session."""
    async with ApiClient() as client:
        session = await client.call("POST", f"/sessions/{name}/start")
    if as_json:
        say_json(session)
    else:
        say(f"Session {session['name']} is {session['state']}.")


async def _create(client: ApiClient, name: str, engine: str | None, proxy: str | None) -> dict[str, Any]:
    wanted: dict[str, object] = {"name": name}
    if engine:
        wanted["engine"] = engine
    if proxy:
        wanted["settings"] = {"proxy": proxy}
    made: dict[str, Any] = await client.call("POST", "/sessions", wanted)
    return made
