"""Whether a device and we still understand each other, judged by the messages that one side could not read.

Some clients damage their half of a session when they send and receive at the same time (Baileys has been seen to), and
then refuse everything that follows. A new session heals both directions; it is begun on evidence, not on every refusal,
because the other side pays with a prekey and may damage the new session just as well while many are begun at once.
"""

from __future__ import annotations

from typing import Final

from whatsapp_wire.node import Node

_ENOUGH: Final = 3
_SURE_FROM_COUNT: Final = 2
_PAUSE_S: Final = 30.0
_MAX_REMEMBERED: Final = 512
_ASK_PAUSE_S: Final = 0.125


class Doubts:
    """What speaks against the present session with one device. Times are in seconds since 1970."""

    __slots__ = ("_asked_at", "_asking", "_refused", "_resent", "_unread", "is_renewing", "renewed_at")

    def __init__(self) -> None:
        """There are none."""
        self.renewed_at = 0.0
        self.is_renewing = False
        self._refused: set[str] = set()
        self._unread: set[str] = set()
        self._resent: dict[str, float] = {}
        self._asking: dict[str, list[Node]] = {}
        self._asked_at: dict[str, float] = {}

    def refused(self, wa_id: str, count: int, sealed_at: float) -> bool:
        """The device asks for a message for the ``count``-th time; whether that speaks for a new session.

        whatsmeow waits for the second request for one message; three different messages are sign enough as well. What
        was encrypted (first at ``sealed_at``) before the present session began says nothing about it.
        """
        if self._resent.get(wa_id, sealed_at) < self.renewed_at:
            return False
        self._refused.add(wa_id)
        return count >= _SURE_FROM_COUNT or len(self._refused) >= _ENOUGH

    def unread(self, wa_id: str, now: float) -> bool:
        """A message of the device could not be read; whether that speaks for a new session begun by us.

        Not soon again: what the device encrypted before it hears of a new session goes on arriving for a while.
        """
        self._unread.add(wa_id)
        return len(self._unread) >= _ENOUGH and now - self.renewed_at > _PAUSE_S

    def resent(self, wa_id: str, now: float) -> None:
        """A message was encrypted again, with the present session."""
        if len(self._resent) >= _MAX_REMEMBERED:
            self._resent.clear()
        self._resent[wa_id] = now

    def renewed(self, now: float) -> None:
        """A new session was begun."""
        self.renewed_at = now
        self._refused.clear()
        self._unread.clear()

    def is_asking(self, wa_id: str) -> bool:
        """Whether a request for a message is being made already."""
        return wa_id in self._asking

    def ask(self, wa_id: str, count: int, now: float) -> float:
        """A message is to be asked for, for the ``count``-th time; returns how long to wait with that (seconds).

        The first request is made at once, the next ones not in quick succession: while a client is busy damaging its
        session, it would answer all of them in vain, and some (Baileys) answer each one twice.
        """
        if len(self._asked_at) >= _MAX_REMEMBERED:
            self._asked_at.clear()
        before = self._asked_at.get(wa_id)
        pause_s = 0.0 if before is None else max(0.0, before + _ASK_PAUSE_S * 2.0**count - now)
        self._asking[wa_id] = []
        self._asked_at[wa_id] = now + pause_s
        return pause_s

    def acknowledge_later(self, wa_id: str, ack: Node) -> None:
        """Keep the ack of a copy of a message that is being asked for.

        A server that was told to forget one copy may forget them all, and then the message, should the request be lost.
        """
        self._asking[wa_id].append(ack)

    def asked(self, wa_id: str) -> list[Node]:
        """The request is made now, or will not be; returns the acks to send behind it."""
        return self._asking.pop(wa_id, [])
