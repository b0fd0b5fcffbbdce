"""Operations on what a phone remembers from before its companions were linked."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, Body, address, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.composing import find_message
from whatsapp_emulator.world.histories import PastChat, PastMessage
from whatsapp_wire.message import text_message
from whatsapp_wire.proto.message_pb2 import Message

_STATUSES: Final = {"error": 0, "pending": 1, "sent": 2, "delivered": 3, "read": 4, "played": 5}


async def remember(request: web.Request) -> web.Response:
    """Let a phone have had a chat: ``chat``, ``name``, ``unread``, ``messages`` of ``text``, ``from_me``, ``at`` (s).

    A message may have an ``id``, a ``sender`` (in groups) and a ``status``; with ``says``, the id of one that the phone
    has shown or sent, it says the same as that. With ``count`` there is one message, and so
    many copies of it a second apart, each with its number behind the text. Tells the ids.
    """
    body = await read_body(request)
    count = body.number("count", 0)
    rows = body.fields.get("messages")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadRequest("messages must be a list of objects")
    with request.app[BOARD].turn() as world:
        phone = world.phone(request.match_info["phone"])
        account = phone.account
        messages = [
            _message(account, phone.state.message_id(), row, number) for row in rows for number in _numbers(count)
        ]
        phone.remember(
            PastChat(address(body.text("chat")), body.maybe_text("name"), body.number("unread", 0), messages)
        )
    return web.json_response({"ids": [message.id for message in messages]})


def _numbers(count: int) -> list[int | None]:
    return list(range(count)) if count else [None]


def _message(account: Account, new_id: str, row: dict[str, Any], number: int | None) -> PastMessage:
    body = Body(row)
    sender, status = body.maybe_text("sender"), body.maybe_text("status")
    if status is not None and status not in _STATUSES:
        raise BadRequest(f"there is no status {status}")
    return PastMessage(
        id=body.maybe_text("id") or new_id,
        message=_said(account, body, "" if number is None else f" {number}"),
        from_me=body.fields.get("from_me") is True,
        at=body.number("at", 0) + (number or 0),
        sender=None if sender is None else address(sender),
        status=None if status is None else _STATUSES[status],
    )


def _said(account: Account, body: Body, number: str) -> Message:
    says = body.maybe_text("says")
    return text_message(body.text("text") + number) if says is None else find_message(account, says).message


ROUTES = [web.post("/control/phones/{phone}/history", remember)]
