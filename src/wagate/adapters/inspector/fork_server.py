"""The forking process seen from outside: started when there is work, found dead or alive, ended with all its jobs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress


class ForkServer:
    """One forking process at a time, and the socket that its orders go to."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None

    @property
    def process_id(self) -> int | None:
        """The process, while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def started(self) -> socket.socket:
        """Where orders go, not blocking. Who finds the process gone there calls ``end`` and tries again."""
        if self._orders is not None:
            return self._orders
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "wagate.adapters.inspector.zygote"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        ours.setblocking(False)
        self._orders = ours
        return ours

    def end(self) -> None:
        """Kill the process and its jobs, if there is one."""
        orders, self._orders = self._orders, None
        process, self._process = self._process, None
        if orders is not None:
            orders.close()
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
