"""The data directory: who works in it, and who that is. One gateway process at a time, known under one name."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from wagate.domain.errors import StorageUnavailable
from wagate.domain.ids import NodeId, node_id


class DataInUse(StorageUnavailable):
    """Another process works on the same data"""

    code = "data_in_use"


class DataFolder:
    """A data directory that this process has to itself until ``close`` or its death.

    The lock is the kernel's (``flock``): a killed process leaves none behind.
    """

    def __init__(self, path: Path) -> None:
        """Make the directory if need be (mode 0700) and take it. Raises DataInUse, which names the other process."""
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(self._lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._lock)
            raise DataInUse(
                f"{path} is in use by the process {other}. Stop that one first, or choose another directory."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def node(self, now_ms: int) -> NodeId:
        """The name of whoever works in this directory: made once, and the same after every restart.

        Sessions that a killed process held are thus still its own when it comes back, without waiting for a lease.
        """
        file = self.path / "node"
        try:
            return NodeId(file.read_text("ascii").strip())
        except FileNotFoundError:
            node = node_id(now_ms)
            fresh = file.with_suffix(".new")
            fresh.write_text(node + "\n", "ascii")
            fresh.rename(file)
            return node

    def close(self) -> None:
        """Let others have the directory."""
        os.close(self._lock)
