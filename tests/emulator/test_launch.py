import json
import mmap
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from whatsapp_emulator.redirect import RedirectFailed, of_library, parse_maps, replace_root
from whatsapp_wire.certificate import WHATSAPP_ROOT

NEW_ROOT = bytes(range(32))
PAGE = mmap.PAGESIZE

MAPS = """\
00400000-00401000 r-xp 00000000 08:01 1 /opt/libother.so
00500000-00501000 r--p 00000000 08:01 2 /opt/libneonize.so
00501000-00502000 rw-p 00001000 08:01 2 /opt/libneonize.so
00502000-00503000 rw-p 00000000 00:00 0
00600000-00601000 rw-p 00000000 00:00 0
00700000-00701000 rw-p 00000000 00:00 0 [heap]
"""


def test_a_library_is_its_file_and_the_memory_right_behind() -> None:
    mappings = list(of_library(parse_maps(MAPS), "neonize"))
    assert [(mapping.start, mapping.permissions) for mapping in mappings] == [
        (0x500000, "r--p"),
        (0x501000, "rw-p"),
        (0x502000, "rw-p"),
    ]


def mapped(path: Path, content: bytes, access: int) -> mmap.mmap:
    path.write_bytes(content.ljust(PAGE, b"\0"))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), PAGE, access=access)


def test_the_one_root_key_is_replaced_in_memory_only(tmp_path: Path) -> None:
    path = tmp_path / "libtamed.so"
    memory = mapped(path, b"before" + WHATSAPP_ROOT + b"after", mmap.ACCESS_COPY)
    replace_root("libtamed", NEW_ROOT)
    assert memory[: 6 + 32 + 5] == b"before" + NEW_ROOT + b"after"
    assert WHATSAPP_ROOT in path.read_bytes()
    with pytest.raises(RedirectFailed, match="0 times"):
        replace_root("libtamed", NEW_ROOT)
    memory.close()


@pytest.mark.parametrize(
    ("content", "access", "why"),
    [
        (WHATSAPP_ROOT * 2, mmap.ACCESS_COPY, "2 times"),
        (b"nothing", mmap.ACCESS_COPY, "0 times"),
        (WHATSAPP_ROOT, mmap.ACCESS_READ, "cannot be written"),
    ],
    ids=["twice", "never", "read-only"],
)
def test_anything_but_one_writable_place_is_refused(tmp_path: Path, content: bytes, access: int, why: str) -> None:
    with mapped(tmp_path / "libwild.so", content, access) as memory:
        with pytest.raises(RedirectFailed, match=why):
            replace_root("libwild", NEW_ROOT)
        assert memory[: len(content)] == content


def test_a_root_key_of_another_size_is_refused() -> None:
    with pytest.raises(RedirectFailed, match="32 bytes"):
        replace_root("anything", b"short")


GUEST = """
import sys
from whatsapp_emulator.redirect import RedirectFailed, replace_root

try:
    replace_root("neonize", bytes(32))
except RedirectFailed as error:
    print(__name__, sys.argv[1:], error)
"""


def test_the_launcher_runs_a_module_in_a_tamed_process(tmp_path: Path) -> None:
    (tmp_path / "guest.py").write_text(GUEST)
    command = [
        sys.executable,
        "-m",
        "whatsapp_emulator.launch",
        "--root",
        NEW_ROOT.hex(),
        "--",
        "guest",
        "one",
        "--two",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "__main__ ['one', '--two'] neonize holds the root key 0 times"


def test_it_runs_as_a_process_and_ends_when_told(tmp_path: Path) -> None:
    card = tmp_path / "emulator.json"
    command = [sys.executable, "-m", "whatsapp_emulator", "--info", str(card), "--plain-port", "0", "--plain-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert json.loads(card.read_text()) == told
        assert len(told["plain_ports"]) == 2
        assert (told["pid"], Path(told["ca_file"]).exists()) == (process.pid, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not Path(told["ca_file"]).exists()
