"""Engines at the command line: choosing one, and what doctor says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.processes import running, wagate
from fixtures.rooms import QUICK, OpenHouse
from wagate.adapters.engines.fake import FakeEngine
from wagate.adapters.engines.fake.frames import Ended
from wagate.cli.checks import Finding, Verdict
from wagate.cli.engine_checks import check_versions, examine_engines
from wagate.domain.session import Reason, SessionState
from wagate.settings import Settings


def findings(**settings: object) -> dict[str, Finding]:
    found = examine_engines(Settings.model_validate(settings))
    return {finding.subject: finding for finding in found}


async def test_a_session_is_made_with_the_engine_that_was_named_and_else_with_the_set_one(tmp_path: Path) -> None:
    async with running("serve", tmp_path / "data", WAGATE_ENGINE="fake") as server:
        for arguments, engine in ((["one"], "fake"), (["two", "--engine", "native"], "native")):
            made = await wagate("session", "create", *arguments, "--json", env=server.env())
            assert made.code == 0, made.err
            assert made.json["engine"] == engine
        refused = await wagate("session", "create", "three", "--engine", "pigeon", env=server.env())
        assert refused.code == 1
        assert "there are: fake, native" in refused.err
        listed = await wagate("session", "list", env=server.env())
        found = {words[0]: words[2] for line in listed.out.splitlines() if len(words := line.split()) > 2}
        assert (found["one"], found["two"]) == ("fake", "native")


def test_doctor_tells_the_version_that_is_announced_and_where_it_comes_from() -> None:
    built_in = findings()["Engine native"]
    assert built_in.verdict is Verdict.GOOD
    assert built_in.detail.endswith("(built in)")
    raised = findings(client_version="2.3000.9999999999")["Engine native"]
    assert raised.detail == "announces version 2.3000.9999999999 (set by WAGATE_CLIENT_VERSION)"


@pytest.mark.parametrize(("engine", "verdict"), [("native", "good"), ("fake", "good"), ("pigeon", "bad")])
def test_doctor_says_whether_the_default_engine_is_there(engine: str, verdict: str) -> None:
    found = findings(engine=engine)["Default engine"]
    assert found.verdict == verdict
    assert (found.remedy is None) is (verdict == "good")


async def test_doctor_tells_which_sessions_were_called_outdated(open_house: OpenHouse) -> None:
    house = await open_house(
        make_engine=lambda house: FakeEngine(house.service, house.clock, QUICK, version="2.3000.7")
    )
    settings = Settings.model_validate({"data": house.data, "database_url": house.url})
    assert (await check_versions(settings)).verdict is Verdict.GOOD
    session, phone = await house.paired()
    house.service.end(phone, Ended(SessionState.OUTDATED, Reason("client_outdated", "refused")))
    await house.reaches(session, SessionState.OUTDATED)
    found = await check_versions(settings)
    assert found.verdict is Verdict.WARNING
    assert "1 of fake (refused; the engine fake announced version 2.3000.7)" in found.detail
    assert found.remedy is not None
    assert "docs/runbooks/outdated-client.md" in found.remedy
    house.service.pardon(phone)
    await house.gateway.sessions.start(house.us, session.id)
    await house.reaches(session, SessionState.CONNECTED)
    assert (await check_versions(settings)).verdict is Verdict.GOOD


async def test_doctor_cannot_tell_from_a_database_that_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "wagate.db").write_bytes(b"this is no database" * 100)
    assert (await check_versions(Settings(data=tmp_path))).verdict is Verdict.NOTE
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "wagate.db").touch()
    assert (await check_versions(Settings(data=empty))).verdict is Verdict.NOTE
