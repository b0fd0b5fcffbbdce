"""Runs a server for as long as the process that asked for it lives, then removes what the server left behind.

No teardown runs in a process that is killed. So the server is the child of a guardian, a process whose standard input
is a pipe from the one that asked: however that one ends, the pipe closes, and the guardian stops the server and deletes
its directory. This file is both sides: imported it is `guarded`, run as a script it is the guardian.
"""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_GRACE_S = 10


@contextmanager
def guarded(
    command: Sequence[str],
    directory: Path,
    *,
    log: IO[bytes],
    env: Mapping[str, str],
    uid: int | None = None,
    gid: int | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in `directory`, which is deleted at the end; yields the guardian, which ends when the server does.

    The server's output goes to `log`. `uid` and `gid` are those of the server alone; changing them takes root.
    `stop` asks the server to end; ten seconds later it is killed.
    """
    order = {"command": list(command), "directory": str(directory), "uid": uid, "gid": gid, "stop": int(stop)}
    guardian = subprocess.Popen(
        [sys.executable, "-IS", __file__, json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=dict(env),
        start_new_session=True,  # Ctrl-C in a terminal is for the tests; the server goes after them
    )
    assert guardian.stdin is not None
    try:
        yield guardian
    finally:
        guardian.stdin.close()
        guardian.wait(timeout=2 * _GRACE_S)


def _guard(command: list[str], directory: str, uid: int | None, gid: int | None, stop: int) -> int:
    server = subprocess.Popen(
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
    )
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(stop))
    threading.Thread(target=_stop_at_end_of_input, args=(server, stop), daemon=True).start()
    code = server.wait()
    shutil.rmtree(directory, ignore_errors=True)
    return code


def _stop_at_end_of_input(server: subprocess.Popen[bytes], stop: int) -> None:
    sys.stdin.buffer.read()
    server.send_signal(stop)
    try:
        server.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(_guard(**json.loads(sys.argv[1])))
