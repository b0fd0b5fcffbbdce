"""What a job may do, enforced by the kernel: compute, within limits, on the files that it was given. Nothing else.

No new descriptor can be had, so nothing can be opened, and no connection made, by whatever a file talks a decoder into.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

from wagate.adapters.inspector.jobs import MEMORY, MOST_WRITTEN, Cost

_NOBODY = 65534


def confine(cost: Cost) -> None:
    """Give up everything that the rest of this process's life does not need. There is no way back."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    resource.setrlimit(resource.RLIMIT_CPU, (cost.cpu_s, cost.cpu_s))
    # On Linux the data limit covers every private mapping; elsewhere only the whole address space can be limited.
    memory = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    resource.setrlimit(memory, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, cost.wall_s)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
