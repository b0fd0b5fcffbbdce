"""How an iq is answered: what goes back, and what follows once it is on its way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import SERVER
from whatsapp_wire.node import Node


@dataclass(frozen=True, slots=True)
class Reply:
    """A result: its children, further attributes, and what to do after it was sent."""

    content: list[Node] = field(default_factory=list)
    attrs: Mapping[str, str | int] = field(default_factory=dict)
    then: Callable[[], None] | None = None


class IqRefused(Exception):
    """The query gets an error instead of a result: a code and a text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


Answer: TypeAlias = Callable[[State, Device, Node], Reply]
"""Answers the iq of a device that is logged in; raises IqRefused, or StanzaRefused for a query that makes no sense."""

NOT_FOUND = IqRefused(404, "item-not-found")


def result(iq: Node, reply: Reply) -> Node:
    """The `iq` that carries a reply."""
    head = {"from": iq.get("to") or SERVER, "type": "result", "id": iq.get("id"), **reply.attrs}
    return Node("iq", head, reply.content or None)


def refusal(iq: Node, error: IqRefused) -> Node:
    """The `iq` that carries an error."""
    head = {"from": iq.get("to") or SERVER, "type": "error", "id": iq.get("id")}
    return Node("iq", head, [Node("error", {"code": error.code, "text": error.text})])
