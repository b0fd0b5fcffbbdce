"""The settings of a command: the environment, and what was given on the command line."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from wagate.cli.outcome import CommandFailed, Exit
from wagate.settings import Settings


def read_settings(data: Path | None = None, host: str | None = None, port: int | None = None) -> Settings:
    """The settings, with what the command line says on top. Raises CommandFailed, naming what is wrong."""
    given = {"data": data, "host": host, "port": port}
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise CommandFailed(f"A setting is wrong: {faults}.", Exit.USAGE) from None
