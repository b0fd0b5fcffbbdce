"""One thread from end to end: pair, send, receive, come back."""

import socket
import stat
import subprocess
import sys
from pathlib import Path

from engines.neonize.desk import OTHER, OWN, Desk
from wagate.domain.content import Text
from wagate.domain.session import SessionState
from wagate.ports.news import (
    MessageArrived,
    Paired,
    QrShown,
    ReceiptArrived,
    ReceiptKind,
    SendAccepted,
    SendRefused,
    SendStarted,
    StateChanged,
)
from whatsapp_emulator.emulator import Emulator


async def test_a_phone_links_it_and_texts_go_both_ways(desk: Desk) -> None:
    await desk.pair()
    (code,) = desk.of_kind(QrShown)
    assert (code.expires_in_s, code.remaining) == (60.0, 5)
    states = [news.state for news in desk.of_kind(StateChanged)]
    assert states == [
        SessionState.STARTING,
        SessionState.AWAITING_SCAN,
        SessionState.PAIRING,
        SessionState.CONNECTED,
    ]
    (paired,) = desk.of_kind(Paired)
    assert paired.me.phone == f"+{OWN}"
    assert paired.me.lid is not None

    message = await desk.send("hello")
    (started,) = desk.of_kind(SendStarted)
    assert (started.message, started.wa_id) == (message, None)
    accepted = await desk.hears(SendAccepted)
    assert accepted.message == message
    await desk.shown("hello")
    delivered = await desk.hears(ReceiptArrived)
    assert (delivered.kind, delivered.wa_ids) == (ReceiptKind.DELIVERED, (accepted.wa_id,))

    wa_id = await desk.control.phone(OTHER).type(OWN, "hello yourself")
    arrived = await desk.hears(MessageArrived)
    assert (arrived.wa_id, arrived.content, arrived.from_me) == (wa_id, Text("hello yourself"), False)
    assert arrived.push_name == "Other"


async def test_it_comes_back_without_a_phone(desk: Desk) -> None:
    await desk.pair()
    await desk.close()
    desk.told.clear()
    sent = [await desk.control.phone(OTHER).type(OWN, f"{n}") for n in range(3)]
    await desk.open()
    await desk.hears(MessageArrived, times=3)
    assert [news.wa_id for news in desk.of_kind(MessageArrived)] == sent
    assert desk.of_kind(QrShown) == []
    assert len(desk.of_kind(Paired)) == 1


async def test_nobody_else_can_read_its_files(desk: Desk) -> None:
    await desk.pair()
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in desk.files.iterdir()}
    assert {"device.db", "spool", "token", "link", "lock", "output.log"} <= found.keys()
    assert {name: mode for name, mode in found.items() if mode != 0o600} == {}
    assert stat.S_IMODE(desk.files.stat().st_mode) == 0o700
    with (desk.files / "device.db").open("rb") as database:
        assert database.read(20)[18:20] == b"\x02\x02"  # the write-ahead log is on (SQLite file format, section 1.3)


async def test_a_recipient_without_keys_is_not_called_sent(desk: Desk) -> None:
    """whatsmeow sends a stanza for nobody then, and says that all is well."""
    await desk.pair()
    await desk.control.faults(no_prekeys=True)
    message = await desk.send("to nobody")
    refused = await desk.hears(SendRefused)
    assert (refused.message, refused.code) == (message, "recipient_unreachable")
    assert desk.of_kind(SendAccepted) == []
    assert await desk.control.phone(OTHER).inbox() == []


async def test_a_message_is_not_marked_as_a_bots(desk: Desk, tmp_path: Path) -> None:
    await desk.pair()
    await desk.control.record(str(tmp_path / "said"))
    await desk.send("hello")
    await desk.hears(SendAccepted)
    await desk.control.record(None)
    said = (tmp_path / "said").read_text()
    assert 'type=\\"text\\"' in said
    assert "biz_bot" not in said


async def test_a_session_goes_through_its_own_proxy(desk: Desk, emulator: Emulator) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))  # nobody listens there
    proxies = {name: "" for name in ("HTTPS_PROXY", "https_proxy")}
    desk.proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
    desk.renew(**proxies)
    await desk.open()
    lost = await desk.is_in(SessionState.DISCONNECTED)
    assert lost.reason is not None
    assert lost.reason.code == "proxy_failed"
    await desk.close()
    taken.close()
    desk.proxy = f"http://127.0.0.1:{emulator.whereabouts.proxy_port}"
    await desk.pair()


def test_nothing_of_neonize_reaches_the_gateway() -> None:
    look = "import sys, wagate.adapters.engines.neonize.engine; sys.exit(any('neonize' == n for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
