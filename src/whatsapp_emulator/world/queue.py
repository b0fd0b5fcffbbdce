"""What a device has not acknowledged: the network keeps a stanza until then, and delivers it again at each login."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

QUEUED_TAGS = frozenset({"message", "receipt", "notification", "call"})
"""The stanzas a client acknowledges; everything else is said once, to whoever is connected."""


class _Key(NamedTuple):
    tag: str
    id: str
    sender: str
    participant: str
    type: str


class DeviceQueue:
    """Unacknowledged stanzas, oldest first. A stanza with the same key as a waiting one takes its place at the end."""

    __slots__ = ("_excused", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[_Key, Node] = {}
        self._excused: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Node]:
        return iter(list(self._waiting.values()))

    def put(self, node: Node) -> None:
        """Keep a stanza until it is acknowledged; it must have a tag of QUEUED_TAGS, an id and a sender."""
        key = _key(node)
        self._waiting.pop(key, None)
        self._waiting[key] = node

    def acknowledge(self, tag: str, acknowledgement: Node) -> bool:
        """Forget the stanza of that kind which an `ack` or `receipt` names; False when none is waiting.

        Clients differ in how they spell the sender (with its device or without) and whether they repeat the
        participant, so a stanza with the same id and user is accepted when none fits exactly.
        """
        to, id = acknowledgement.attr("to"), acknowledgement.attr("id")
        if tag == "message" and acknowledgement.tag == "ack" and self._excused[id]:
            self._excused[id] -= 1
            return True
        exact = _Key(
            tag,
            id,
            to,
            acknowledgement.get("participant") or "",
            "" if tag == "message" else acknowledgement.get("type") or "",
        )
        if self._waiting.pop(exact, None) is not None:
            return True
        user = Jid(to).user if "@" in to else to
        for key in self._waiting:
            if key.tag == tag and key.id == exact.id and key.type == exact.type and Jid(key.sender).user == user:
                del self._waiting[key]
                return True
        return False

    def excuse(self, retry: Node) -> None:
        """A retry receipt says that a message cannot be read: it is done with, and its answer will be another stanza.

        The `ack` that clients send beside the receipt belongs to the first one, and must not count for the answer.
        """
        if self.acknowledge("message", retry):
            self._excused[retry.attr("id")] += 1

    def resume(self) -> None:
        """A new connection begins: acknowledgements that were under way on the old one will not come any more."""
        self._excused.clear()

    def counts(self) -> Counter[str]:
        """How many stanzas wait, by tag."""
        return Counter(key.tag for key in self._waiting)


def _key(node: Node) -> _Key:
    kind = "" if node.tag == "message" else node.get("type") or ""
    return _Key(node.tag, node.attr("id"), node.attr("from"), node.get("participant") or "", kind)
