"""Sends for the gateway, one after the other: whatsmeow does not do two at once either."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from wagate.adapters.engines.neonize.link.messages import Found, Post, SendEnded, Sent, Untagged
from wagate.adapters.engines.neonize.worker.device_file import DeviceFileUnreadable, wa_id_of
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


class TooManySends(Exception):
    """The gateway does not keep to what was agreed"""


class Sends:
    """A queue and its thread. What comes of a message is kept with ``keep`` before anything else happens.

    An attempt to send a message goes by its tag.
    """

    def __init__(self, folder: Path, sender: Sender, keep: Callable[[SendEnded | Untagged], int]) -> None:
        """``folder`` has whatsmeow's database."""
        self._folder = folder
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
        return tuple(self._found(sent) for sent in sends)

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
            return wa_id_of(self._folder, bytes.fromhex(tag)) or ""
        except DeviceFileUnreadable:
            return ""

    def _found(self, sent: Sent) -> Found:
        with self._changed:
            if sent.tag in self._pending:
                return Found(sent.message, "pending")
        try:
            noted = wa_id_of(self._folder, bytes.fromhex(sent.tag))
        except DeviceFileUnreadable:
            return Found(sent.message, "unclear")
        return Found(sent.message, "absent") if noted is None else Found(sent.message, "noted", noted)
