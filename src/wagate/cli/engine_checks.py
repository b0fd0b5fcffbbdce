"""What ``wagate doctor`` asks of the engines: which are here, what they claim to be, whether that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wagate.cli.checks import Finding, Verdict
from wagate.settings import Settings

_RUNBOOK = "docs/runbooks/outdated-client.md"


def examine_engines(settings: Settings) -> Iterator[Finding]:
    """Each engine that this version knows, and whether the default one can be used."""
    from wagate.plugs import ENGINES, default_engine, every_engine, is_installed

    try:
        engines = every_engine(settings)
    except OSError:
        return  # a certificate file that cannot be read has a finding of its own
    known = {engine.name: engine for engine in engines}
    for name, engine in known.items():
        if name == "fake" and settings.engine != "fake":
            continue
        if is_installed(engine):
            yield Finding(f"Engine {name}", Verdict.GOOD, _claim(engine.client_version, settings))
        else:
            yield Finding(f"Engine {name}", Verdict.NOTE, f"not installed: it needs the module {engine.words.module}")
    name = default_engine({name: engine for name, engine in known.items() if is_installed(engine)}, settings)
    default = known.get(name)
    if default is None:
        names = ", ".join(ENGINES)
        yield Finding("Default engine", Verdict.BAD, f"there is no {name!r}", f"Set WAGATE_ENGINE to one of: {names}.")
    elif not is_installed(default):
        yield Finding(
            "Default engine",
            Verdict.BAD,
            f"{name} is not installed",
            f"Install what it needs (`pip install 'wagate[{name}]'`), or set WAGATE_ENGINE to another one.",
        )
    else:
        yield Finding("Default engine", Verdict.GOOD, name)


def _claim(version: str | None, settings: Settings) -> str:
    if version is None:
        return "installed"
    is_set = settings.client_version is not None and version == ".".join(map(str, settings.client_version))
    return f"announces version {version} ({'set by WAGATE_CLIENT_VERSION' if is_set else 'built in'})"


def is_new(settings: Settings) -> bool:
    """Whether there is no database yet."""
    url = settings.storage_url
    return url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists()


async def check_versions(settings: Settings) -> Finding:
    """Whether WhatsApp called any session's client outdated. The database is only read, and nothing is made."""
    from wagate.features.sessions.outdated import called_outdated
    from wagate.store import open_database

    if is_new(settings):
        return Finding("Client versions", Verdict.GOOD, "no session was called outdated: there is none")
    try:
        database = await open_database(settings.storage_url)
        try:
            found = await called_outdated(database)
        finally:
            await database.close()
    except Exception:  # the finding about the database says what is wrong with it; tables may also be missing yet
        return Finding("Client versions", Verdict.NOTE, "cannot be told: the database cannot be read, or is not set up")
    if not found:
        return Finding("Client versions", Verdict.GOOD, "no session is called outdated")
    told = "; ".join(f"{one.sessions} of {one.engine} ({one.detail})" for one in found)
    return Finding(
        "Client versions",
        Verdict.WARNING,
        f"WhatsApp calls sessions outdated: {told}",
        f"Upgrade wagate or raise the version, then start them; see {_RUNBOOK}.",
    )
