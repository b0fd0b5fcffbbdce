"""Runs a module that must not outlive its parent: ``python -m wagate.sandbox.guarded MODULE ARGUMENTS…``.

The parent keeps the other end of our standard input open. When it is gone, however it went (kill -9 included), reading
comes to an end, and the module gets SIGTERM: no rights, no process groups and no one system's calls are needed.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

GRACE_S = 5.0


def main(arguments: list[str]) -> None:
    """Run the module as ``__main__`` until it ends or the parent does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
