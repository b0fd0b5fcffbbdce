"""The spool keeps what it was given until it is told otherwise, whatever happens to the process or the file."""

import os
import random
from pathlib import Path

import pytest

from wagate.adapters.engines.neonize.worker.spool import Record, Spool


def kept(spool: Spool, after: int = 0) -> list[Record]:
    found: list[Record] = []
    while (record := spool.after(after)) is not None:
        found.append(record)
        after = record.number
    return found


def values(spool: Spool) -> list[bytes]:
    return [record.value for record in kept(spool)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_what_was_kept_is_there_for_the_next_process(path: Path) -> None:
    spool = Spool(path)
    numbers = [spool.append(17, f"{n}".encode(), n) for n in range(3)]
    again = Spool(path)
    assert again.damaged == ""
    assert again.id == spool.id
    assert kept(again) == [Record(number, n, 17, f"{n}".encode()) for n, number in enumerate(numbers)]
    assert again.newest == numbers[-1]


def test_what_is_committed_is_forgotten_and_numbers_go_on(path: Path) -> None:
    spool = Spool(path)
    first = spool.append(17, b"one", 1)
    spool.append(17, b"two", 2)
    spool.forget(first)
    assert values(spool) == [b"two"]
    assert values(Spool(path)) == [b"one", b"two"]  # the file is shortened only when nothing is left
    spool.forget(2)
    assert spool.size == 0
    again = Spool(path)
    assert values(again) == []
    assert again.append(17, b"three", 3) == 3


def test_a_torn_end_is_cut_off_at_every_length(path: Path) -> None:
    spool = Spool(path)
    spool.append(17, b"whole", 1)
    whole = path.stat().st_size
    spool.append(17, b"torn", 2)
    spool.close()
    data = path.read_bytes()
    for length in range(whole + 1, len(data)):
        path.write_bytes(data[:length])
        opened = Spool(path)
        assert values(opened) == [b"whole"]
        assert opened.damaged
        assert opened.append(17, b"next", 3) == 2
        assert values(Spool(path)) == [b"whole", b"next"]
        opened.close()


def test_damage_is_noticed_wherever_it_is(path: Path) -> None:
    spool = Spool(path)
    for n in range(4):
        spool.append(17, bytes([n]) * 20, n)
    spool.close()
    data = path.read_bytes()
    dice = random.Random(7)
    for _ in range(200):
        place = dice.randrange(len(data))
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :])
        opened = Spool(path)
        assert opened.damaged
        assert values(opened) == [bytes([n]) * 20 for n in range(len(values(opened)))]
        opened.close()


def test_a_crash_between_the_header_and_the_cut_repeats_nothing(path: Path) -> None:
    spool = Spool(path)
    spool.append(17, b"committed", 1)
    before = path.read_bytes()
    spool.forget(1)
    header = path.read_bytes()
    path.write_bytes(header + before[len(header) :])
    again = Spool(path)
    assert (again.damaged, values(again)) == ("", [])
    again.append(17, b"new", 2)
    assert values(Spool(path)) == [b"new"]


def test_what_is_left_moves_to_the_front_of_a_long_file(path: Path) -> None:
    spool = Spool(path)
    big = os.urandom(1 << 20)
    for n in range(6):
        spool.append(17, big, n)
    spool.forget(5)
    assert path.stat().st_size < 2 << 20
    assert values(spool) == [big]
    assert spool.append(17, b"next", 7) == 7
    again = Spool(path)
    assert [record.number for record in kept(again)] == [6, 7]
    assert again.damaged == ""


def test_its_file_is_its_owners(path: Path) -> None:
    Spool(path)
    assert path.stat().st_mode & 0o077 == 0
