"""Operations on one virtual phone: say anything, and do anything to a message."""

from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from whatsapp_emulator.control.body import BadRequest, Body, address, read_body
from whatsapp_emulator.control.keys import BOARD
from whatsapp_emulator.world import acting
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.composing import find_message, send_message
from whatsapp_emulator.world.state import State
from whatsapp_wire.contents import cards, interactive, invites, places, polls, previews, timers
from whatsapp_wire.contents.context import Context, with_context
from whatsapp_wire.contents.interactive import Choice, Chosen, Menu
from whatsapp_wire.message import text_message
from whatsapp_wire.proto.message_pb2 import FutureProofMessage, Message


async def say(request: web.Request) -> web.Response:
    """Send something of a `kind`; `quote`, `forwarded`, `expires_in_s` and `view_once` say how."""
    body = await read_body(request)
    make = _KINDS.get(body.text("kind"))
    if make is None:
        raise BadRequest(f"kind must be one of {', '.join(_KINDS)}")
    with request.app[BOARD].turn() as world:
        phone = world.phone(request.match_info["phone"])
        message = make(body, phone.state)
        quoted = body.maybe_text("quote")
        quote = None if quoted is None else find_message(phone.account, quoted).as_quote()
        context = Context(body.number("forwarded", 0), body.number("expires_in_s", 0))
        with_context(message, context, quote)
        if body.fields.get("view_once") is True:
            message = Message(view_once_message_v2=FutureProofMessage(message=message))
        id = send_message(phone.state, phone.account, address(body.text("to")), message)
    return web.json_response({"id": id})


async def act(request: web.Request) -> web.Response:
    """Do something to the message with that `id`: `react`, `edit`, `revoke`, `pin`, `vote` or `forward`."""
    body = await read_body(request)
    do = _ACTS.get(request.match_info["act"])
    if do is None:
        raise BadRequest(f"an act is one of {', '.join(_ACTS)}")
    with request.app[BOARD].turn() as world:
        phone = world.phone(request.match_info["phone"])
        id = do(phone.state, phone.account, body)
    return web.json_response({"id": id})


def _text(body: Body, _: State) -> Message:
    """A text; with a `link` in it, it shows the `title` and `description` of a page."""
    link = body.maybe_text("link")
    if link is None:
        return text_message(body.text("text"))
    page = previews.Preview(link, body.text("title"), body.maybe_text("description") or "")
    return previews.preview_message(body.text("text"), page)


def _poll(body: Body, state: State) -> Message:
    options = tuple(body.texts("options") or ())
    poll = polls.Poll(body.text("question"), options, body.number("selectable", 1))
    return polls.poll_message(poll, state.entropy.randbytes(polls.SECRET_SIZE))


def _location(body: Body, _: State) -> Message:
    name, place = body.maybe_text("name") or "", body.maybe_text("address") or ""
    is_live = body.fields.get("live") is True
    return places.location_message(places.Place(body.real("latitude"), body.real("longitude"), name, place, is_live))


def _contacts(body: Body, _: State) -> Message:
    return cards.cards_message([cards.Card(name, card) for name, card in body.strings("cards").items()])


def _event(body: Body, state: State) -> Message:
    event = invites.Event(body.text("name"), body.number("starts_at", 0), place=body.maybe_text("place") or "")
    return invites.event_message(event, state.entropy.randbytes(polls.SECRET_SIZE))


def _menu(body: Body) -> Menu:
    choices = tuple(Choice(id, title) for id, title in body.strings("choices").items())
    opens_with = body.maybe_text("button") or ""
    sections = ((body.maybe_text("section") or "", choices),) if opens_with else ()
    footer = body.maybe_text("footer") or ""
    return Menu("", body.text("text"), footer, () if opens_with else choices, opens_with, sections)


def _buttons(body: Body, _: State) -> Message:
    return interactive.buttons_message(_menu(body))


def _list(body: Body, _: State) -> Message:
    return interactive.list_message(_menu(body))


def _button_reply(body: Body, _: State) -> Message:
    return interactive.button_reply_message(Chosen(body.text("id"), body.text("title")))


def _list_reply(body: Body, _: State) -> Message:
    return interactive.list_reply_message(Chosen(body.text("id"), body.text("title"), from_list=True))


def _timer(body: Body, state: State) -> Message:
    """Messages of the chat vanish after so many `seconds`."""
    return timers.timer_message(body.number("seconds", 0), state.stamp)


_KINDS: Final[Mapping[str, Callable[[Body, State], Message]]] = {
    "text": _text,
    "timer": _timer,
    "poll": _poll,
    "location": _location,
    "contacts": _contacts,
    "event": _event,
    "buttons": _buttons,
    "list": _list,
    "button-reply": _button_reply,
    "list-reply": _list_reply,
}

_ACTS: Final[Mapping[str, Callable[[State, Account, Body], str]]] = {
    "react": lambda state, account, body: acting.react(state, account, body.text("id"), body.text("emoji")),
    "edit": lambda state, account, body: acting.edit(state, account, body.text("id"), body.text("text")),
    "revoke": lambda state, account, body: acting.revoke(state, account, body.text("id")),
    "pin": lambda state, account, body: acting.pin(state, account, body.text("id"), body.number("for_s", 0)),
    "vote": lambda state, account, body: acting.vote(state, account, body.text("id"), body.texts("options") or []),
    "forward": lambda state, account, body: acting.forward(state, account, body.text("id"), address(body.text("to"))),
}

ROUTES = [
    web.post("/control/phones/{phone}/say", say),
    web.post("/control/phones/{phone}/act/{act}", act),
]
