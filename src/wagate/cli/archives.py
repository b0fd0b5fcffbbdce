"""Exporting a session into a sealed file, and importing one. The passphrase is asked for, or comes from a variable."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import typer

from wagate.cli.client import ApiClient
from wagate.cli.outcome import CommandFailed, say, say_json
from wagate.cli.variables import PASSPHRASE_VARIABLE


def passphrase(*, confirm: bool) -> str:
    """What opens an archive."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given:
        return given
    asked: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return asked


async def export(name: str, file: Path, phrase: str, *, as_json: bool) -> None:
    """Take a stopped session's device out, into a new file (0600). The place for it is made before anything else."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandFailed(f"{file} cannot be made: {error.strerror}.") from error
    is_written = False
    try:
        with os.fdopen(descriptor, "wb") as archive:
            async with ApiClient() as client:
                made = await client.call("POST", f"/sessions/{name}/export", {"passphrase": phrase})
            archive.write(base64.b64decode(made["archive"]))
            archive.flush()
            os.fsync(archive.fileno())
            is_written = True
    finally:
        if not is_written:
            os.unlink(file)  # noqa: PTH108 - it is empty, and the loop has nothing else to do
    if as_json:
        say_json({"file": str(file), "size": made["size"]})
    else:
        say(
            f"Exported session {name} to {file} ({made['size']} bytes).",
            "It is the only copy: the session is logged out here, and its keys are gone.",
            "Keep the file and the passphrase safe, apart from each other.",
            f"To go on with it: wagate session import --from-archive {file.name}",
        )


async def take_back(file: Path, phrase: str, name: str | None, engine: str | None, *, as_json: bool) -> None:
    """Make a session of an archive."""
    words = {"source": "wagate", "passphrase": phrase}
    words |= {key: word for key, word in (("name", name), ("engine", engine)) if word}
    async with ApiClient() as client:
        session = await client.upload("/sessions/import", words, [file])
    if as_json:
        say_json(session)
    else:
        say(
            f"Imported {session['me']['phone']} as session {session['name']} ({session['id']}); it is stopped.",
            "Import an archive once: two sessions that use the same keys destroy them. Delete the file now.",
            f"Then start it: wagate session start {session['name']}.",
        )
