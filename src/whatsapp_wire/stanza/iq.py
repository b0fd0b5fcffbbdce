"""Requests and their answers (`iq`), and the requests that need no module of their own."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.attributes import optional_number


@dataclass(frozen=True, slots=True)
class IqError:
    """Why the server refused a request: HTTP-like code, a word, and how long to wait (s) if it says so."""

    code: int
    text: str
    backoff_s: int | None = None


class RequestIds:
    """The ids of one connection's requests: two random numbers and a counter, as whatsmeow makes them."""

    def __init__(self, prefix: str | None = None) -> None:
        """Choose a prefix at random unless one is given."""
        self._prefix = prefix if prefix is not None else "{}.{}-".format(*os.urandom(2))
        self._count = count(1)

    def next(self) -> str:
        """An id that was not given out before."""
        return f"{self._prefix}{next(self._count)}"


def request(
    id: str, xmlns: str, type: Literal["get", "set"], content: Sequence[Node] | None = None, to: Jid = SERVER
) -> Node:
    """A request to the server, or to whatever `to` names."""
    return Node("iq", {"id": id, "xmlns": xmlns, "type": type, "to": to}, list(content) if content else None)


def result(asked: Node, content: Sequence[Node] | None = None) -> Node:
    """Our answer to a request of the server's; raises StanzaRefused when that has no id or sender."""
    attrs = {"to": asked.jid("from"), "id": asked.attr("id"), "type": "result"}
    return Node("iq", attrs, list(content) if content else None)


def refusal(asked: Node, code: int, text: str) -> Node:
    """Our refusal of a request of the server's; raises StanzaRefused when that has no id or sender."""
    attrs = {"to": asked.jid("from"), "id": asked.attr("id"), "type": "error"}
    return Node("iq", attrs, [Node("error", {"code": code, "text": text})])


def is_answer(stanza: Node) -> bool:
    """Whether an `iq` answers a request of ours (by its `id`) instead of asking something."""
    return stanza.tag == "iq" and stanza.get("type") in ("result", "error")


def error_of(answer: Node) -> IqError | None:
    """The error an answer carries, or None for a result."""
    if answer.get("type") != "error":
        return None
    error = answer.child("error")
    if error is None:
        return IqError(0, "the server gave no reason")
    return IqError(optional_number(error, "code") or 0, error.get("text") or "", optional_number(error, "backoff"))


def ping(id: str) -> Node:
    """Ask for a sign of life (whatsmeow `keepalive.go`)."""
    return request(id, "w:p", "get")


def passive(id: str, passive: bool) -> Node:
    """Ask for stanzas to be held back, or (False) to flow; a fresh login is passive."""
    return request(id, "passive", "set", [Node("passive" if passive else "active")])
