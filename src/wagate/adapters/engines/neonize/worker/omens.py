"""What whatsmeow logs before it tells (`connectionevents.go`): the last resort when neonize does not pass it on.

neonize cannot pass on a ban or a failure whose code it does not know: its loop ends with an error instead. And a login
that is refused fast enough deletes the device before neonize has begun to pass on anything: then it waits for ever.
"""

from __future__ import annotations

import re
from typing import Final

from wagate.adapters.engines.neonize.link.messages import LineEvent

_REFUSED: Final = re.compile(r"Got (\d+).* connect failure, sending LoggedOut event")
_REASONS: Final = {"401": 2, "403": 4, "406": 5}
"""The server's numbers, as neonize's ``ConnectFailureReason``."""

_STARTS: Final = {
    "Temporary ban connect failure": LineEvent("banned"),
    "Unknown connect failure": LineEvent("failure"),
    "Client outdated (405) connect failure": LineEvent("outdated"),
    "Got device removed stream error": LineEvent("removed"),
    "Got replaced stream error": LineEvent("replaced"),
}


def omen_in(text: str) -> LineEvent | None:
    """What a line of whatsmeow's log says is about to be told, if anything."""
    refused = _REFUSED.match(text)
    if refused is not None:
        return LineEvent("refused", _REASONS.get(refused[1], 0), f"login refused with reason {refused[1]}")
    return next((omen for start, omen in _STARTS.items() if text.startswith(start)), None)
