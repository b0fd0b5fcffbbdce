"""The acts with which an account shows, pins, plays and posts; with words that no simpler command has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judges.parity.acts import Stage

ME = "4915100000001"
STATUS = "status@broadcast"

Plays = Callable[["Stage"], Awaitable[None]]

_KINDS = (
    ("send a link with what is behind it", "link with what is behind it"),
    ("forward a text", "text forwarded 1 times"),
    ("send a gif", "gif"),
    ("send a round video", "round video"),
    ("send a voice note", "voice note"),
    ("send a picture to be seen once", "picture to be seen once"),
    ("send a sticker that moves", "sticker that moves"),
    ("send several contacts", "several contacts"),
    ("send a poll with many answers", "poll with many answers"),
    ("invite to an event", "event"),
)


async def _say(kind: str, stage: Stage) -> None:
    await stage.client.say_kind(kind, stage.contact_account.lid)


async def pin(stage: Stage) -> None:
    await stage.client.pin(stage.contact_account.lid, stage.ids["answer"], stage.contact_account.lid, 86_400)


async def play(stage: Stage) -> None:
    id = await stage.contact.send_media(ME, "audio", bytes(4_000), mimetype="audio/ogg; codecs=opus", is_voice=True)
    await stage.client.shows_file(id)
    await stage.client.play(stage.contact_account.lid, id)


async def set_timer(stage: Stage) -> None:
    await stage.client.set_timer(stage.contact_account.lid, 86_400)


async def end_timer(stage: Stage) -> None:
    await stage.client.set_timer(stage.contact_account.lid, 0)


async def post(stage: Stage) -> None:
    stage.ids["post"] = await stage.client.post_status("status text", [stage.contact_account.lid])


async def post_picture(stage: Stage) -> None:
    await stage.client.post_status("status picture", [stage.contact_account.lid])


async def look(stage: Stage) -> None:
    await stage.contact.say(STATUS, "text", text="A status of the contact")
    await stage.client.shows("A status of the contact")
    (shown,) = [id for id, text in await stage.client.shown() if text == "A status of the contact"]
    await stage.client.look(shown, stage.contact_account.lid)


ACTS: tuple[tuple[str, Plays], ...] = (
    *((name, partial(_say, kind)) for name, kind in _KINDS),
    ("pin a text", pin),
    ("play a voice note", play),
    ("let what is said in a chat disappear", set_timer),
    ("let it stay again", end_timer),
)

POSTS: tuple[tuple[str, Plays], ...] = (
    ("post a status", post),
    ("post a picture as a status", post_picture),
    ("look at a status", look),
)
