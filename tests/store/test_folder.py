"""The data directory: one process at a time, under one name."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from wagate.store.folder import DataFolder, DataInUse

_CHILD = """
import sys, time
from pathlib import Path
from wagate.store.folder import DataFolder

folder = DataFolder(Path(sys.argv[1]))
print(folder.node(0), flush=True)
sys.stdin.read()
"""


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    with pytest.raises(DataInUse, match=str(os.getpid())):
        DataFolder(tmp_path / "data")
    folder.close()
    DataFolder(tmp_path / "data").close()


async def test_a_killed_process_leaves_the_folder_and_its_name_to_the_next(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CHILD, str(tmp_path), stdin=pipe, stdout=pipe, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert child.stdout is not None
    name = (await child.stdout.readline()).decode().strip()
    with pytest.raises(DataInUse, match=str(child.pid)):
        DataFolder(tmp_path)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    folder = DataFolder(tmp_path)
    assert folder.node(1_800_000_000_000) == name
    folder.close()


def test_a_node_keeps_its_name(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    name = folder.node(1_800_000_000_000)
    assert name.startswith("nod_")
    assert folder.node(1_900_000_000_000) == name
    folder.close()
