"""Operations on one virtual phone: pair, type, read, look."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import web

from whatsapp_emulator.control.body import Body, address, query_number, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world.phone import Phone
from whatsapp_emulator.world.tickets import Ticket
from whatsapp_wire.errors import PairingRefused


class _Told(Protocol):
    """Something that can be told as JSON."""

    def as_dict(self) -> dict[str, object]:
        """Its fields by name."""


_PAIRING_TIMEOUT_S = 15.0
_LIMIT = 1000
_BREATH = 20
"""Messages typed in one go before others get a turn."""


async def scan(request: web.Request) -> web.Response:
    """Scan a QR code, and wait until the companion has answered."""
    qr = (await read_body(request)).text("qr")
    with request.app[BOARD].turn() as world:
        ticket = world.scan(request.match_info["phone"], qr)
    return await _paired(request, ticket)


async def enter_code(request: web.Request) -> web.Response:
    """Type a pairing code, and wait until the companion has answered."""
    code = (await read_body(request)).text("code")
    with request.app[BOARD].turn() as world:
        ticket = world.enter_code(request.match_info["phone"], code)
    return await _paired(request, ticket)


async def type_text(request: web.Request) -> web.Response:
    """Send a text; with a count so many, each with its number from 0 behind the text, at an interval."""
    body = await read_body(request)
    count, interval_s = body.number("count", 1), body.number("interval_ms", 0) / 1000
    ids = []
    for number in range(count):
        ids.append(_type_one(request, body, "" if "count" not in body.fields else str(number)))
        if interval_s or number % _BREATH == _BREATH - 1:
            await asyncio.sleep(interval_s)
    return web.json_response({"ids": ids})


async def read(request: web.Request) -> web.Response:
    """Open messages, all unread ones without ids."""
    ids = (await read_body(request)).texts("ids")
    return _act(request, lambda phone: {"ids": phone.read(ids)})


async def play(request: web.Request) -> web.Response:
    """Play messages, all without ids."""
    ids = (await read_body(request)).texts("ids")
    return _act(request, lambda phone: {"ids": phone.play(ids)})


async def typing(request: web.Request) -> web.Response:
    """Begin or stop to type in somebody's chat, or to record (`media`: audio)."""
    body = await read_body(request)
    to, on, media = address(body.text("to")), body.flag("on"), body.maybe_text("media")
    return _act(request, lambda phone: phone.set_typing(to, on=on, media=media))


async def presence(request: web.Request) -> web.Response:
    """Open or close the app."""
    available = (await read_body(request)).flag("available")
    return _act(request, lambda phone: phone.set_available(available=available))


async def log_out(request: web.Request) -> web.Response:
    """Remove one companion, or all."""
    body = await read_body(request)
    device = None if body.fields.get("device") is None else body.number("device", 0)
    return _act(request, lambda phone: {"removed": phone.log_out(device)})


async def settings(request: web.Request) -> web.Response:
    """Change how the phone behaves; tells all settings."""
    body = await read_body(request)

    def change(phone: Phone) -> dict[str, object]:
        phone.set(body.fields)
        return phone.settings

    return _act(request, change)


async def forget_keys(request: web.Request) -> web.Response:
    """Lose all Signal sessions."""
    return _act(request, lambda phone: phone.forget_keys())


async def reinstall(request: web.Request) -> web.Response:
    """Begin anew with another identity key."""
    return _act(request, lambda phone: phone.reinstall())


async def corrupt(request: web.Request) -> web.Response:
    """Send a text that cannot be decrypted until it is asked for again."""
    body = await read_body(request)
    to, text = address(body.text("to")), body.text("text")
    return _act(request, lambda phone: {"id": phone.send_corrupt(to, text)})


async def ask_retry(request: web.Request) -> web.Response:
    """Ask for a message again that could be read."""
    body = await read_body(request)
    id, count = body.text("id"), body.number("count", 1)
    return _act(request, lambda phone: phone.ask_again(id, count))


async def inbox(request: web.Request) -> web.Response:
    """What the phone has shown; with `wait_s` waits for something new."""
    return await _look(request, "messages", lambda phone: phone.inbox)


async def receipts(request: web.Request) -> web.Response:
    """The receipts the phone got; with `wait_s` waits for something new."""
    return await _look(request, "receipts", lambda phone: phone.receipts)


def _act(request: web.Request, act: Callable[[Phone], dict[str, object] | None]) -> web.Response:
    with request.app[BOARD].turn() as world:
        told = act(world.phone(request.match_info["phone"]))
    return web.json_response(told or {})


def _type_one(request: web.Request, body: Body, number: str) -> str:
    mentions = [address(mention) for mention in body.texts("mentions") or []]
    with request.app[BOARD].turn() as world:
        phone, text = world.phone(request.match_info["phone"]), body.text("text") + number
        return phone.type(address(body.text("to")), text, quote=body.maybe_text("quote"), mentions=mentions)


async def _paired(request: web.Request, ticket: Ticket) -> web.Response:
    await request.app[BOARD].settled(ticket, _PAIRING_TIMEOUT_S)
    if ticket.outcome != "paired" or ticket.device is None:
        raise PairingRefused(409, ticket.reason)
    device = ticket.device
    return web.json_response({"device": device.pn, "lid": device.lid})


async def _look(request: web.Request, name: str, choose: Callable[[Phone], Sequence[_Told]]) -> web.Response:
    board = request.app[BOARD]
    phone = board.world.phone(request.match_info["phone"])
    since, limit = int(query_number(request, "since", 0)), int(query_number(request, "limit", _LIMIT))
    await board.until(lambda: len(choose(phone)) > since, query_number(request, "wait_s", 0))
    found = choose(phone)[since : since + limit]
    return web.json_response({name: [each.as_dict() for each in found], "next": since + len(found)})


ROUTES = [
    web.post("/control/phones/{phone}/scan", scan),
    web.post("/control/phones/{phone}/enter-code", enter_code),
    web.post("/control/phones/{phone}/type", type_text),
    web.post("/control/phones/{phone}/read", read),
    web.post("/control/phones/{phone}/play", play),
    web.post("/control/phones/{phone}/typing", typing),
    web.post("/control/phones/{phone}/presence", presence),
    web.post("/control/phones/{phone}/log-out", log_out),
    web.post("/control/phones/{phone}/settings", settings),
    web.post("/control/phones/{phone}/forget-keys", forget_keys),
    web.post("/control/phones/{phone}/reinstall", reinstall),
    web.post("/control/phones/{phone}/corrupt", corrupt),
    web.post("/control/phones/{phone}/ask-retry", ask_retry),
    web.get("/control/phones/{phone}/inbox", inbox),
    web.get("/control/phones/{phone}/receipts", receipts),
]
