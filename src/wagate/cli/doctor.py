"""``wagate doctor``: what was found, what it means, how to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from wagate.cli.checks import Finding, Verdict, examine
from wagate.cli.engine_checks import check_versions, examine_engines
from wagate.cli.options import read_settings
from wagate.cli.outcome import CommandFailed, say, say_json
from wagate.cli.tables import table
from wagate.settings import Settings

_MARKS = {Verdict.GOOD: "ok", Verdict.NOTE: "-", Verdict.WARNING: "warning", Verdict.BAD: "PROBLEM"}


def doctor(data: Path | None, host: str | None, port: int | None, *, as_json: bool) -> None:
    """Print every finding. Raises CommandFailed when the gateway could not work like this."""
    settings = read_settings(data, host, port)
    findings = [*examine(settings), *examine_engines(settings), *asyncio.run(_look_inside(settings))]
    if as_json:
        say_json([asdict(finding) for finding in findings])
    else:
        _tell(findings)
    bad = [finding.subject for finding in findings if finding.verdict is Verdict.BAD]
    if bad:
        raise CommandFailed(f"The gateway cannot work like this: {', '.join(bad)}.")


async def _look_inside(settings: Settings) -> list[Finding]:
    from wagate.cli.upkeep import check_database

    return [await check_database(settings), await check_versions(settings)]


def _tell(findings: Sequence[Finding]) -> None:
    say(table(("Subject", "", "Found"), [(one.subject, _MARKS[one.verdict], one.detail) for one in findings]))
    for finding in findings:
        if finding.remedy:
            say("", f"{finding.subject}: {finding.remedy}")
