"""The worker keeps a history as it comes from neonize, and says of one that it cannot keep why."""

import zlib
from pathlib import Path

import pytest

from wagate.adapters.engines.neonize.link.past import HISTORIES, HistoryCame
from wagate.adapters.engines.neonize.worker.pasts import Pasts
from whatsapp_wire.proto.history_pb2 import HistorySync


def event_of(history: bytes) -> bytes:
    """neonize's event: its only field is the history."""
    length, prefix = len(history), b"\x0a"
    while length > 0x7F:
        prefix, length = prefix + bytes((length & 0x7F | 0x80,)), length >> 7
    return prefix + bytes((length,)) + history


def a_history(size: int = 100) -> bytes:
    sync = HistorySync(sync_type=HistorySync.RECENT, chunk_order=300, progress=42)
    sync.conversations.add(id="x" * size)
    return sync.SerializeToString()


def test_a_history_is_kept_as_the_hosts_had_it(tmp_path: Path) -> None:
    history = a_history(3 << 20)
    came = Pasts(tmp_path).keep(event_of(history))
    assert (came.kind, came.chunk, came.progress, came.error) == (HistorySync.RECENT, 300, 42, "")
    path = tmp_path / HISTORIES / came.name
    assert zlib.decompress(path.read_bytes()) == history
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_names_are_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    pasts = Pasts(tmp_path)
    names = [pasts.keep(event_of(a_history())).name for _ in range(5)]
    assert names == sorted(set(names))


def test_what_nobody_reads_does_not_fill_the_disk(tmp_path: Path) -> None:
    pasts = Pasts(tmp_path, most=1000)
    assert pasts.keep(event_of(a_history(600))).error == ""
    refused = pasts.keep(event_of(a_history(600)))
    assert (refused.name, refused.kind) == ("", HistorySync.RECENT)
    assert "more than 1000 bytes" in refused.error
    assert len(list((tmp_path / HISTORIES).iterdir())) == 1


def test_a_history_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / HISTORIES).touch()
    came = Pasts(tmp_path).keep(event_of(a_history()))
    assert came.name == ""
    assert came.error.startswith("it could not be written: ")


@pytest.mark.parametrize("event", [b"", b"\x0a", b"\x0a\x05ab", b"\x10\x01", b"\x0b", b"\x00\x01", b"\xff" * 20])
def test_what_is_no_event_is_refused(event: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"field|number|history"):
        Pasts(tmp_path).keep(event)


def test_only_a_lost_history_that_is_wanted_is_told(tmp_path: Path) -> None:
    pasts = Pasts(tmp_path)
    line = "Failed to download history sync: failed to download: gone"
    assert pasts.lost_in(line) is None
    pasts.is_wanted = True
    assert pasts.lost_in(line) == HistoryCame("", -1, 0, -1, "failed to download: gone")
    assert pasts.lost_in("Failed to download something else") is None
