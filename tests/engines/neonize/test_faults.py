"""Every fault that neonize is known for, ordered from a scripted library: the state tells the truth, with a reason."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from engines.neonize.desk import LINKED, QUICK, Bench, linked, scripted
from engines.neonize.scripted_worker import DEVICE_JID
from fixtures.waiting import until
from wagate.adapters.engines.neonize.attachment import AskFailed, Attachment
from wagate.adapters.engines.neonize.link.messages import Begin
from wagate.domain.session import FINAL, SessionState, action_for
from wagate.ports.abilities import PairsDevices
from wagate.ports.engine import NotSent
from wagate.ports.news import (
    GapSuspected,
    MessageArrived,
    QrShown,
    StateChanged,
)
from wagate.ports.vault import RecordUnreadable


def states(bench: Bench) -> list[tuple[str, str | None]]:
    return [(news.state.value, news.reason.code if news.reason else None) for news in bench.of_kind(StateChanged)]


def message(id: str, text: str = "hello") -> list[Any]:
    return ["event", 17, json.dumps({"id": id, "text": text})]


# ---- how a line ends


@pytest.mark.parametrize(
    ("steps", "state", "code"),
    [
        ([["event", 99, '{"what": "banned", "code": 1, "detail": "for 60 s"}']], "banned", "banned"),
        ([["event", 99, '{"what": "replaced"}']], "replaced", "replaced"),
        ([["event", 99, '{"what": "outdated"}']], "outdated", "client_outdated"),
        ([["event", 99, '{"what": "removed", "code": 2}']], "logged_out", "device_removed"),
        ([["event", 99, '{"what": "refused", "code": 2}']], "logged_out", "device_removed"),
        ([["event", 99, '{"what": "refused", "code": 4}']], "logged_out", "login_refused"),
        ([["event", 99, '{"what": "failure", "code": 9, "detail": "experimental"}']], "failed", "login_failed"),
        ([["event", 99, '{"what": "failure", "code": 3}']], "banned", "banned"),
        # neonize's loop ends over a ban whose code it does not know, and all that is left is what whatsmeow logged
        (
            [["log", "WARN", "Temporary ban connect failure: <failure/>"], ["return", "required field not set"]],
            "banned",
            "banned",
        ),
        (
            [["log", "WARN", "Unknown connect failure: <failure/>"], ["return", "required field not set"]],
            "failed",
            "login_failed",
        ),
        # the device was deleted before neonize began to pass anything on: it waits for ever
        (
            [["log", "INFO", "Got 401: logged out connect failure, sending LoggedOut event and deleting session"]],
            "logged_out",
            "device_removed",
        ),
    ],
)
async def test_a_final_ending_is_told_and_kept_to(tmp_path: Path, steps: list[Any], state: str, code: str) -> None:
    async with scripted(tmp_path, run=[["linked"], *steps]) as bench:
        await bench.open()
        ended = await bench.is_in(SessionState(state))
        assert ended.state in FINAL
        assert ended.reason is not None
        assert ended.reason.code == code
        assert action_for(ended.reason)
        await until(lambda: not bench.engine._host(bench.session).is_occupied())
        assert bench.gate_passed == 1
        with pytest.raises(NotSent):
            await bench.send("too late")


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([["return", "failed to dial whatsapp web websocket: connection refused"]], "connection_lost"),
        ([["event", 99, '{"what": "failure", "code": 10, "detail": "service unavailable"}']], "server_unavailable"),
        ([["event", 99, '{"what": "pairing_failed"}']], "pairing_failed"),
        ([["abort"]], "engine_died"),
        ([["disconnected"]], "connection_lost"),
        ([["connected"], ["silent"]], "keepalive_lost"),
        ([["connected"], ["event", 99, '{"what": "stream_error", "detail": "516"}']], "server_unavailable"),
    ],
)
async def test_what_passes_is_tried_again(tmp_path: Path, steps: list[Any], code: str) -> None:
    async with scripted(tmp_path, run=[["linked"], *steps]) as bench:
        await bench.open()
        lost = await bench.is_in(SessionState.DISCONNECTED)
        assert lost.reason is not None
        assert lost.reason.code == code
        assert action_for(lost.reason)


async def test_an_abort_of_go_is_told_in_its_own_words(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=[["linked"], ["abort"]]) as bench:
        await bench.open()
        lost = await bench.is_in(SessionState.DISCONNECTED)
        assert lost.reason is not None
        assert lost.reason.detail == "the process died of SIGABRT: fatal error: concurrent map read and map write"


async def test_a_connect_that_never_says_anything_is_given_up(tmp_path: Path) -> None:
    async with scripted(tmp_path, replace(QUICK, connect_s=0.5), run=[["linked"], ["wait_for", "ever"]]) as bench:
        await bench.open()
        lost = await bench.is_in(SessionState.DISCONNECTED)
        assert lost.reason is not None
        assert (lost.reason.code, lost.reason.detail) == ("connection_lost", "whatsmeow did not connect in time")
        await until(lambda: bench.gate_passed >= 2)


# ---- pairing


async def test_codes_that_nobody_scans_end_the_session_by_its_own_timer(tmp_path: Path) -> None:
    """neonize tells nothing when whatsmeow has run out of codes, or its thread waits for ever."""
    limits = replace(QUICK, first_qr_s=0.1, qr_s=0.1, qr_grace_s=0.2)
    run = [["qr", "one"], ["qr", "two"], ["wait_for", "ever"]]
    async with scripted(tmp_path, limits, run=run) as bench:
        await bench.open()
        ended = await bench.is_in(SessionState.STOPPED)
        assert ended.reason is not None
        assert ended.reason.code == "qr_expired"
        shown = [(code.text, code.expires_in_s, code.remaining) for code in bench.of_kind(QrShown)]
        assert shown == [("one", 0.1, 5), ("two", 0.1, 4)]
        await until(lambda: not bench.engine._host(bench.session).is_occupied())


async def test_the_last_code_ends_the_session_too(tmp_path: Path) -> None:
    run = [*(["qr", f"{n}"] for n in range(6)), ["qr_end", "timeout"], ["wait_for", "ever"]]
    async with scripted(tmp_path, run=run) as bench:
        await bench.open()
        assert (await bench.is_in(SessionState.STOPPED)).reason is not None
        assert [code.remaining for code in bench.of_kind(QrShown)] == [5, 4, 3, 2, 1, 0]


async def test_a_line_that_breaks_between_codes_shows_new_ones(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=[["qr", "one"], ["qr_end", "timeout"], ["wait_for", "ever"]]) as bench:
        await bench.open()
        await bench.hears(QrShown, times=2)
        assert ("disconnected", "connection_lost") in states(bench)


async def test_codes_are_renewed_on_demand(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=[["qr", "one"], ["wait_for", "ever"]]) as bench:
        await bench.open()
        await bench.hears(QrShown)
        assert isinstance(bench.connection, PairsDevices)
        await bench.connection.renew_qr()
        await bench.hears(QrShown, times=2)
        assert ("starting", "codes_renewed") in states(bench)


# ---- the device


async def gone(bench: Bench, **script: Any) -> StateChanged:
    """The line's end after another start, with whatever lies in the folder now."""
    bench.renew(SCRIPT=json.dumps(script))
    await bench.open()
    await until(lambda: bench.state is not None and bench.state.state in FINAL)
    assert bench.state is not None
    assert bench.state.reason is not None
    assert action_for(bench.state.reason)
    assert bench.of_kind(QrShown) == []
    return bench.state


async def test_a_session_whose_files_are_elsewhere_does_not_begin_anew(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        await bench.close()
        bench.files.rename(tmp_path / "elsewhere")
        ended = await gone(bench, run=[["qr", "never"]])
        assert (ended.state, ended.reason and ended.reason.code) == (SessionState.FAILED, "keys_elsewhere")
        assert not (bench.files / "device.db").exists()


async def test_files_of_another_device_are_not_used(tmp_path: Path) -> None:
    """whatsmeow panics when it is told to connect a device that its file does not have."""
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        await bench.close()
        (bench.files / "device.db").unlink()
        ended = await gone(bench, device=["5599@s.whatsapp.net"], run=[["qr", "never"]])
        assert (ended.state, ended.reason and ended.reason.code) == (SessionState.FAILED, "keys_elsewhere")


async def test_a_device_that_whatsmeow_has_deleted_is_logged_out(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        await bench.close()
        (bench.files / "device.db").unlink()
        ended = await gone(bench, device=[], run=[["qr", "never"]])
        assert (ended.state, ended.reason and ended.reason.code) == (SessionState.LOGGED_OUT, "device_removed")


async def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        await bench.close()
        for name in ("device.db-wal", "device.db-shm"):
            (bench.files / name).unlink(missing_ok=True)
        (bench.files / "device.db").write_bytes(b"not a database" * 1000)
        ended = await gone(bench, run=[["qr", "never"]])
        assert (ended.state, ended.reason and ended.reason.code) == (SessionState.FAILED, "credentials_corrupt")
        assert (bench.files / "device.db").read_bytes() == b"not a database" * 1000


async def test_damaged_records_are_told_before_anything_starts(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        await bench.close()
        bench.storage.records[bench.session]["neonize_device", "own"] = (b"\xff", 0)
        with pytest.raises(RecordUnreadable):
            await bench.open()
        assert not bench.engine._host(bench.session).is_occupied()


async def test_a_device_that_was_linked_just_before_a_crash_is_not_linked_again(tmp_path: Path) -> None:
    async with scripted(tmp_path, device=[DEVICE_JID], run=[["event", 0, "{}"], ["connected"]]) as bench:
        await linked(bench)
        assert bench.of_kind(QrShown) == []


async def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    async with scripted(tmp_path, missing=True) as bench:
        await bench.open()
        ended = await bench.is_in(SessionState.FAILED)
        assert ended.reason is not None
        assert ended.reason.code == "engine_not_installed"
        assert "No module named 'neonize'" in ended.reason.detail
        assert "wagate[neonize]" in (action_for(ended.reason) or "")


async def test_nothing_is_asked_of_a_library_that_has_no_line_yet(tmp_path: Path) -> None:
    """whatsmeow panics when it is asked for anything before it was told to connect."""
    async with scripted(tmp_path, run=LINKED) as bench:
        host = bench.engine._host(bench.session)
        await host.start()
        attachment = await Attachment.to(host, "", 0, bench.limits)
        task = asyncio.get_running_loop().create_task(attachment.receive())
        with pytest.raises(AskFailed, match="has not begun"):
            await attachment.ask("knows", "1@s.whatsapp.net")
        task.cancel()
        attachment.close()


# ---- what comes in


async def test_an_event_that_cannot_be_read_is_a_gap_and_nothing_more(tmp_path: Path) -> None:
    run = [*LINKED, message("ONE"), ["event", 17, "garbage"], ["event", 17, "{}"], ["event", 5, "?"], message("TWO")]
    async with scripted(tmp_path, run=run) as bench:
        await linked(bench)
        await bench.hears(MessageArrived, times=2)
        assert [news.wa_id for news in bench.of_kind(MessageArrived)] == ["ONE", "TWO"]
        (gap,) = bench.of_kind(GapSuspected)
        assert gap.code == "event_unreadable"
        assert bench.state is not None
        assert bench.state.state is SessionState.CONNECTED


async def test_a_loop_that_ends_over_an_event_is_a_gap(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=[*LINKED, ["return", "required field neonize.Receipt.Type not set"]]) as bench:
        await bench.open()
        gap = await bench.hears(GapSuspected)
        assert gap.code == "engine_failed"
        assert "Receipt.Type" in gap.detail


async def test_what_came_while_we_were_away_is_marked(tmp_path: Path) -> None:
    run = [*LINKED, ["event", 26, ""], message("OLD"), ["event", 27, ""], message("NEW")]
    async with scripted(tmp_path, run=run) as bench:
        await linked(bench)
        await bench.hears(MessageArrived, times=2)
        assert [news.offline for news in bench.of_kind(MessageArrived)] == [True, False]


async def test_a_spool_without_room_hangs_up_and_goes_on_once_it_is_empty(tmp_path: Path) -> None:
    """While nobody commits, WhatsApp keeps what comes: what is acknowledged to it must fit here."""
    count = 104
    run = [*LINKED, ["flood", count, 1000]]
    async with scripted(tmp_path, replace(QUICK, spool_bytes=20_000), run=run) as bench:
        host = bench.engine._host(bench.session)
        await host.start()
        attachment = await Attachment.to(host, "", 0, bench.limits)
        attachment.send(Begin("", "", "wagate", "chrome"))
        await host.gone()  # by itself, with everything in its spool
        attachment.close()
        assert (bench.files / "spool").stat().st_size > 100_000
        bench.renew(SCRIPT=json.dumps({"run": [["connected"]]}))
        await bench.open()
        await bench.hears(MessageArrived, times=count)
        await bench.is_in(SessionState.CONNECTED)
        assert [news.wa_id for news in bench.of_kind(MessageArrived)] == [f"{n}" for n in range(count)]


# ---- what it prints


async def test_what_is_printed_is_caught_without_its_secrets(tmp_path: Path) -> None:
    printed = "Pair Code:  ABCD-EFGH for 5511900000001, key " + "Zz09" * 10
    with capture_logs() as logs:
        async with scripted(tmp_path, run=[*LINKED, ["print", printed], ["log", "INFO", printed]]) as bench:
            await linked(bench)
            await until(lambda: len([line for line in logs if "Pair" in str(line.get("text"))]) == 2)
    told = [line for line in logs if "Pair" in str(line.get("text"))]
    assert {line["log_level"] for line in told} == {"debug"}
    assert {line["text"] for line in told} == {"Pair Code:  … for 551…01, key …"}
