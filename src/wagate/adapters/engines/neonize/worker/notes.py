"""What whatsmeow noted about messages, looked up from outside the process in which whatsmeow has its file open.

``python -m wagate.adapters.engines.neonize.worker.notes FOLDER`` reads secrets (hex, one a line) and answers with a
JSON object from secret to id; 3 when the file cannot be read. Why this takes a process: ``device_file``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from wagate.adapters.engines.neonize.worker.device_file import DeviceFileUnreadable, noted_in

_PATIENCE_S: Final = 20.0
_UNREADABLE: Final = 3


def look(folder: Path, tags: Collection[str]) -> Mapping[str, str]:
    """The ids of messages by their secrets, found by a process of its own. Raises DeviceFileUnreadable."""
    if not tags:
        return {}
    try:
        answer = subprocess.run(  # noqa: S603 - this very module
            [sys.executable, "-m", __spec__.name, str(folder.absolute())],
            input="\n".join(tags),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DeviceFileUnreadable(f"what whatsmeow noted cannot be looked up: {error}") from error
    found: dict[str, str] = json.loads(answer.stdout)
    return found


def main(folder: Path) -> int:
    """Answer for the secrets on standard input."""
    try:
        found = noted_in(folder, sys.stdin.read().split())
    except DeviceFileUnreadable as error:
        sys.stderr.write(f"{error}\n")
        return _UNREADABLE
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
