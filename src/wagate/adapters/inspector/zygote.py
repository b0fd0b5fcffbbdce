"""The process that forks a process for each job: everything is loaded here once, and no job sees another's file.

It reads orders from the socket that is its standard input, forks, and answers each with one byte as soon as the fork is
made. It ends when that socket does, or when it was idle for a minute. It never looks at a file itself.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import sys
from typing import BinaryIO

from wagate.adapters.inspector import images, recordings
from wagate.adapters.inspector.confinement import confine
from wagate.adapters.inspector.jobs import COSTS, Order, Refused, answer, refusal
from wagate.ports.inspector import Inspected

FORKED = b"."
IDLE_S = 60.0

_LARGEST_ORDER = 4096
_FILES = 3


def main() -> None:
    """Serve until nobody asks any more."""
    images.prepare()
    recordings.prepare()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the jobs
    with socket.socket(fileno=0) as orders:
        while select.select([orders], [], [], IDLE_S)[0]:
            line, files, _, _ = socket.recv_fds(orders, _LARGEST_ORDER, _FILES)
            if not line:
                return
            if os.fork() == 0:
                orders.close()
                _work(Order.read(line), files)
            for file in files:
                os.close(file)
            orders.sendall(FORKED)


def _work(order: Order, files: list[int]) -> None:
    """Do one job, say how it ended, and die."""
    source, reply, *target = files
    try:
        confine(COSTS[order.job])
        with open(source, "rb", closefd=False) as read:  # a descriptor is no path
            read.seek(0)
            said = answer(_done(order, read, target))
    except Refused as error:
        said = refusal(str(error))
    except MemoryError:
        said = refusal("It takes too much memory")
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        said = b"full" if is_full else refusal("It is damaged or too large")
    except Exception:  # whatever a decoder comes up with is the file's fault
        said = refusal("It is damaged")
    os.set_blocking(reply, True)
    while said:
        said = said[os.write(reply, said) :]
    os._exit(0)


def _done(order: Order, source: BinaryIO, target: list[int]) -> Inspected:
    if not target:
        look = images.inspect if order.mime.startswith("image/") else recordings.inspect
        return look(source, order.mime)
    with open(target[0], "r+b", closefd=False) as written:
        if order.job == "voice_note":
            return recordings.voice_note(source, written, order.mime)
        if order.job == "sticker":
            return images.sticker(source, written, order.mime)
        if order.job == "portrait":
            return images.portrait(source, written, order.mime, order.max_edge)
        return images.picture(source, written, order.mime, order.max_edge)


if __name__ == "__main__":
    try:
        main()
    except (ConnectionError, KeyboardInterrupt):
        sys.exit(0)
