"""What is said across the link about what people say in a chat beside messages."""

from __future__ import annotations

from dataclasses import dataclass

MANNER_ERRANDS = frozenset({"read", "timer"})
"""What can be asked about the chat ``subject``.

``read``: receipts of the type ``text`` (read, played, or either with ``-self``: nobody but our own devices hears of it)
for messages ``ids`` of ``sender``. ``timer``: its messages disappear after so many seconds (``text``).
"""


@dataclass(frozen=True, slots=True)
class ReadByUs:
    """Another device of our account, perhaps the phone, says that we have read messages."""

    wa_ids: tuple[str, ...]
    chat: str
