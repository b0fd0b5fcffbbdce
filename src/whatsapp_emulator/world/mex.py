"""Questions in GraphQL (`w:mex`), as far as clients ask any: a newer way of showing another about (whatsmeow)."""

from __future__ import annotations

import json
from typing import Final

from whatsapp_emulator.world import people
from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.replies import Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.node import Node

_SET_ABOUT: Final = "9152604461510864"
_DONE: Final = {"data": {"xwa2_update_text_status": {"result": "SUCCESS"}}}


def answer(state: State, device: Device, iq: Node) -> Reply:
    """Answer a question by its number. Raises StanzaRefused for one that nobody knows, IqRefused."""
    query = iq.require("query")
    if query.attr("query_id") != _SET_ABOUT:
        raise StanzaRefused(f"there is no question {query.attr('query_id')}")
    try:
        text = json.loads(query.bytes())["variables"]["input"]["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise StanzaRefused("the variables cannot be read") from error
    if not isinstance(text, str):
        raise StanzaRefused("an about is a text")
    people.set_about(state, device.account, text, device)
    return Reply([Node("result", None, json.dumps(_DONE).encode())])
