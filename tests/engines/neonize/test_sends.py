"""What neonize does to messages on their way out, ordered from a scripted library: the news tell the truth."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from engines.neonize.desk import LINKED, QUICK, linked, scripted
from wagate.domain.jid import Jid
from wagate.ports.abilities import LogsOut, MarksRead
from wagate.ports.engine import NotSent
from wagate.ports.news import GapSuspected, SendAccepted, SendRefused, SendStarted, SendUncertain


@pytest.mark.parametrize(
    ("outcome", "kind", "code"),
    [
        ("timed out waiting for message send response", SendUncertain, "ack_overdue"),
        ("websocket disconnected before message send returned response", SendUncertain, "connection_lost"),
        ("nobody has seen this before", SendUncertain, "engine_error"),
        ("server returned error 479", SendRefused, "invalid_message"),
        ("no LID found for 1@s.whatsapp.net from server", SendRefused, "recipient_not_on_whatsapp"),
        ("unreached", SendRefused, "recipient_unreachable"),
    ],
)
async def test_a_send_tells_the_truth(
    tmp_path: Path, outcome: str, kind: type[SendUncertain] | type[SendRefused], code: str
) -> None:
    async with scripted(tmp_path, run=LINKED, sends={"hello": outcome}) as bench:
        await linked(bench)
        id = await bench.send("hello")
        told = await bench.hears(kind)
        assert isinstance(told, SendUncertain | SendRefused)
        assert (told.message, told.code, told.wa_id) == (id, code, f"3EB0{id}")
        assert bench.of_kind(SendAccepted) == []


async def test_a_message_that_did_not_go_out_is_tried_again_with_a_new_tag(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED, sends={"hello": "once"}) as bench:
        await linked(bench)
        id = await bench.send("hello")
        accepted = await bench.hears(SendAccepted)
        assert accepted.message == id
        assert (bench.files / "sent").read_text() == "hello\n"
        assert len(bench.of_kind(SendStarted)) == 1


async def test_a_message_whose_secret_could_not_be_noted_is_not_sent_again(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED, sends={"hello": "untagged"}) as bench:
        await linked(bench)
        id = await bench.send("hello")
        uncertain = await bench.hears(SendUncertain)
        assert (uncertain.message, uncertain.wa_id) == (id, None)


async def test_an_abort_in_the_middle_of_a_send_leaves_it_uncertain(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED, sends={"hello": "abort"}) as bench:
        await linked(bench)
        id = await bench.send("hello")
        uncertain = await bench.hears(SendUncertain)
        assert (uncertain.message, uncertain.wa_id) == (id, f"3EB0{id}")
        assert (await bench.hears(GapSuspected)).code == "worker_died"


async def test_a_worker_whose_send_never_returns_is_replaced(tmp_path: Path) -> None:
    async with scripted(tmp_path, replace(QUICK, send_s=0.6), run=LINKED, sends={"hello": "hang"}) as bench:
        await linked(bench)
        id = await bench.send("hello")
        behind = await bench.send("behind it")
        uncertain = await bench.hears(SendUncertain)
        assert (uncertain.message, uncertain.wa_id) == (id, f"3EB0{id}")
        assert (await bench.hears(SendAccepted)).message == behind


async def test_more_messages_than_fit_wait_their_turn(tmp_path: Path) -> None:
    limits = replace(QUICK, unsettled=1, send_s=30.0)
    async with scripted(tmp_path, limits, run=LINKED, sends={"0": "hang"}) as bench:
        await linked(bench)
        await bench.send("0")
        second = asyncio.get_running_loop().create_task(bench.send("1"))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
        assert len(bench.of_kind(SendStarted)) == 1
        second.cancel()
        await asyncio.wait([second])


async def test_what_whatsmeow_refuses_is_refused(tmp_path: Path) -> None:
    async with scripted(tmp_path, run=LINKED) as bench:
        await linked(bench)
        connection = bench.connection
        assert isinstance(connection, MarksRead)
        assert isinstance(connection, LogsOut)
        with pytest.raises(NotSent, match="websocket not connected"):
            await connection.mark_read(Jid("2@lid"), Jid("2@lid"), ["3EB0"])
        with pytest.raises(NotSent, match="timed out"):
            await connection.log_out()
        await bench.send("still here")
        await bench.hears(SendAccepted)
