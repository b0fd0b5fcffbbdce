"""Sends for the gateway, one after the other: whatsmeow does not do two at once either."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

from wagate.adapters.engines.neonize.link.messages import Found, Post, SendEnded, Sent, Untagged
from wagate.adapters.engines.neonize.worker.device_file import DeviceFileUnreadable
from wagate.adapters.engines.neonize.worker.line import Accepted, Refused

WAITING: Final = 256
"""Messages that wait here at most. The gateway hands over far fewer."""

_UNTAGGED: Final = "Failed to store message secret key for outgoing message"
_UNENCRYPTED: Final = "Failed to encrypt "
"""What whatsmeow logs in the course of a send, on the thread of the send (`send.go`)."""


class Sender(Protocol):
    """What can send."""

    def send(self, post: Post) -> Accepted:
        """Send and wait for the ack. Raises Refused."""
        ...

    def reaches(self, recipient: str, failed: frozenset[str]) -> bool:
        """Whether the recipient has a device besides these."""
        ...

    def noted(self, tags: Collection[str]) -> Mapping[str, str]:
        """The ids under which messages with these tags were built, by tag. Raises DeviceFileUnreadable."""
        ...


class TooManySends(Exception):
    """The gateway does not keep to what was agreed"""


class Sends:
    """A queue and its thread. What comes of a message is kept with ``keep`` before anything else happens.

    An attempt to send a message goes by its tag.
    """

    def __init__(self, sender: Sender, keep: Callable[[SendEnded | Untagged], int]) -> None:
        """Nothing is sent before ``run``."""
        self._sender = sender
        self._keep = keep
        self._changed = threading.Condition()
        self._queue: deque[Post] = deque()
        self._pending: set[str] = set()
        self._ended: deque[tuple[int, str]] = deque()
        self._current: Post | None = None
        self._failed: set[str] = set()
        self._thread = 0
        self._closed = False

    def post(self, post: Post) -> None:
        """Queue a message; one that is here already is not queued again. Raises TooManySends."""
        with self._changed:
            if post.tag in self._pending:
                return
            if len(self._queue) >= WAITING:
                raise TooManySends
            self._pending.add(post.tag)
            self._queue.append(post)
            self._changed.notify_all()

    def recall(self, sends: tuple[Sent, ...]) -> tuple[Found, ...]:
        """What became of messages that were handed over once."""
        with self._changed:
            over = [sent.tag for sent in sends if sent.tag not in self._pending]
        try:
            noted = self._sender.noted(over)
        except DeviceFileUnreadable:
            return tuple(Found(sent.message, "unclear" if sent.tag in over else "pending") for sent in sends)
        return tuple(_found(sent, noted) if sent.tag in over else Found(sent.message, "pending") for sent in sends)

    def committed(self, number: int) -> None:
        """Every entry up to this one is committed: the messages whose outcome is in there are forgotten."""
        with self._changed:
            while self._ended and self._ended[0][0] <= number:
                self._pending.discard(self._ended.popleft()[1])

    def close(self, patience_s: float) -> None:
        """Begin no more sends, and wait a while for the one that is under way."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._current is None, patience_s)

    def on_log(self, thread: int, level: str, text: str) -> None:
        """A line that whatsmeow logs. What it says of the current send is remembered, or kept at once."""
        current = self._current
        if current is None or thread != self._thread or level != "WARN":
            return
        if text.startswith(_UNTAGGED):
            self._keep(Untagged(current.message))
        elif text.startswith(_UNENCRYPTED):
            self._failed.add(text.removeprefix(_UNENCRYPTED).split(" for ", 1)[-1].split(": ", 1)[0])

    def run(self) -> None:
        """Send, for ever."""
        self._thread = threading.get_ident()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue) and not self._closed)
                self._current = post = self._queue.popleft()
                self._failed.clear()
            number = self._keep(self._send(post))
            with self._changed:
                self._ended.append((number, post.tag))
                self._current = None
                self._changed.notify_all()

    def _send(self, post: Post) -> SendEnded:
        try:
            accepted = self._sender.send(post)
        except Refused as refused:
            return SendEnded(post.message, self._noted(post.tag), error=str(refused) or "whatsmeow gave no reason")
        unreached = bool(self._failed) and not self._sender.reaches(post.to, frozenset(self._failed))
        return SendEnded(post.message, accepted.wa_id, accepted.timestamp, unreached=unreached)

    def _noted(self, tag: str) -> str:
        try:
            return self._sender.noted([tag]).get(tag, "")
        except DeviceFileUnreadable:
            return ""


def _found(sent: Sent, noted: Mapping[str, str]) -> Found:
    wa_id = noted.get(sent.tag)
    return Found(sent.message, "absent") if wa_id is None else Found(sent.message, "noted", wa_id)
