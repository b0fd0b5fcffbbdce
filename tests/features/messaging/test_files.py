"""The files of messages in the rooms: promised, fetched, tried again, given up, shared, let go; on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fixtures.rooms import House, OpenHouse, eventually, until
from wagate.adapters.clock import ManualClock
from wagate.adapters.engines.fake import FakePhone
from wagate.domain.acts import Revocation, Target
from wagate.domain.content import Deleted, Document, Image
from wagate.domain.errors import (
    IdempotencyKeyReused,
    InvalidMedia,
    MediaGone,
    MediaInUse,
    MediaNotFound,
    MediaNotReady,
)
from wagate.domain.events import Event
from wagate.domain.ids import MediaId
from wagate.domain.media import Media, MediaState
from wagate.domain.message import Direction, Message
from wagate.domain.session import Session
from wagate.features.media import Claims
from wagate.features.messaging.downloads import ATTEMPTS, PER_SESSION
from wagate.features.messaging.filters import MessageFilter
from wagate.features.messaging.requests import ForwardRequest, SendRequest

CONTENT = b"%PDF-1.7 " + bytes(range(256)) * 300


async def pieces(content: bytes = CONTENT) -> AsyncIterator[bytes]:
    yield content


async def kept(house: House, content: bytes = CONTENT) -> Media:
    return await house.gateway.media.upload(house.us, Claims("a.pdf"), pieces(content))


def sends(house: House, sender: FakePhone, to: FakePhone, content: bytes = CONTENT) -> str:
    """A contact sends a document; its id at WhatsApp."""
    return sender.say(to, Document(filename="a.pdf"), file=house.service.store(content, "application/pdf", "a.pdf"))


async def received(house: House, wa_id: str) -> Message:
    async def there() -> Message | None:
        page = await house.gateway.messaging.list(house.us, MessageFilter(direction=Direction.IN), limit=100)
        return next((message for message in page.items if message.wa_id == wa_id), None)

    return await eventually(there)


async def is_in(house: House, media: Media | None, state: MediaState) -> Media:
    """Wait until a media is in a state."""
    assert media is not None

    async def there() -> Media | None:
        found = await house.gateway.media.get(house.us, media.id)
        return found if found.state is state else None

    return await eventually(there)


def files_in(house: House) -> int:
    return sum(path.is_file() for path in (house.data / "media").rglob("*"))


@pytest.fixture
async def shop(house: House) -> tuple[Session, FakePhone, FakePhone]:
    session, phone = await house.paired()
    return session, phone, house.service.phone("5511900000009", "Ana")


one_database = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
"""For tests that turn the clock by hours, in which a lease on PostgreSQL would be lost."""

Shop = tuple[Session, FakePhone, FakePhone]


async def test_a_file_is_promised_with_its_message_and_told_of_once_it_is_here(house: House, shop: Shop) -> None:
    _, phone, ana = shop
    house.service.files_flow.clear()
    message = await received(house, sends(house, ana, phone))
    assert message.media is not None
    assert (message.media.state, message.media.size) == (MediaState.PENDING, len(CONTENT))
    (told,) = await house.events("message.received")
    assert _shape(told)["state"] == "pending"
    house.service.files_flow.set()
    await is_in(house, message.media, MediaState.READY)
    (updated,) = await house.events("message.media_updated")
    assert (updated.data["id"], updated.session) == (message.id, message.session)
    assert _shape(updated)["state"] == "ready"
    opened = await house.gateway.media.open(house.us, message.media.id)
    assert b"".join([piece async for piece in opened.read()]) == CONTENT


def _shape(event: Event) -> dict[str, object]:
    shape = event.data["media"]
    assert isinstance(shape, dict)
    return shape


async def test_only_a_few_files_of_a_session_are_under_way(house: House, shop: Shop) -> None:
    _, phone, ana = shop
    house.service.files_flow.clear()
    wa_ids = [sends(house, ana, phone, CONTENT + bytes([number])) for number in range(PER_SESSION * 3)]
    messages = [await received(house, wa_id) for wa_id in wa_ids]
    await until(lambda: house.service.fetching == PER_SESSION)
    house.service.files_flow.set()
    for message in messages:
        await is_in(house, message.media, MediaState.READY)
        assert house.service.fetching <= PER_SESSION


@one_database
async def test_a_file_that_breaks_off_is_tried_again_later(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock=clock)
    _, phone = await house.paired()
    house.service.faults.break_files = 2
    message = await received(house, sends(house, house.service.phone("5511900000009"), phone))
    await until(lambda: house.service.faults.break_files == 1)
    await clock.run(20.0)
    await until(lambda: house.service.faults.break_files == 0)
    assert (await house.message(message)).media is not None
    await clock.run(60.0)
    await is_in(house, message.media, MediaState.READY)


@one_database
async def test_a_file_that_nobody_gives_fails_in_the_end(open_house: OpenHouse, clock: ManualClock) -> None:
    house = await open_house(clock=clock)
    _, phone = await house.paired()
    house.service.faults.break_files = ATTEMPTS
    message = await received(house, sends(house, house.service.phone("5511900000009"), phone))
    media = message.media
    assert media is not None

    async def has_failed() -> bool:
        await clock.run(3_600.0)
        return (await house.gateway.media.get(house.us, media.id)).state is MediaState.FAILED

    await eventually(has_failed)
    assert house.service.faults.break_files == 0
    assert (await house.events("message.media_updated"))[0].data["media"] is not None
    with pytest.raises(MediaGone):
        await house.gateway.media.open(house.us, media.id)


async def test_what_is_gone_from_the_hosts_is_expired(house: House, shop: Shop) -> None:
    _, phone, ana = shop
    house.service.files_flow.clear()
    message = await received(house, sends(house, ana, phone))
    house.service.files.clear()
    house.service.files_flow.set()
    await is_in(house, message.media, MediaState.EXPIRED)


async def test_a_restart_goes_on_with_what_was_under_way(house: House, shop: Shop) -> None:
    _, phone, ana = shop
    house.service.files_flow.clear()
    message = await received(house, sends(house, ana, phone))
    await until(lambda: house.service.fetching == 1)
    await house.close()
    house.service.files_flow.set()
    await house.open()
    await is_in(house, message.media, MediaState.READY)


async def test_a_file_of_unknown_size_waits_until_it_is_wanted(open_house: OpenHouse) -> None:
    house = await open_house(settings={"media_eager_limit": len(CONTENT) - 1})
    _, phone = await house.paired()
    message = await received(house, sends(house, house.service.phone("5511900000009"), phone))
    assert message.media is not None
    for _ in range(2):
        with pytest.raises(MediaNotReady):
            await house.gateway.media.open(house.us, message.media.id)
    await is_in(house, message.media, MediaState.READY)


async def test_a_message_holds_its_file_until_it_has_left(house: House, shop: Shop) -> None:
    session, _, ana = shop
    media = await kept(house)
    house.service.faults.withhold_acks = True
    accepted = await house.gateway.messaging.send(
        house.us, session.id, SendRequest(ana.jid, Document(media.id, "b.pdf"))
    )
    await until(lambda: bool(ana.inbox))
    shown = ana.inbox[0].file
    assert shown is not None
    assert (house.service.files[shown.key], shown.filename) == (CONTENT, "b.pdf")
    with pytest.raises(MediaInUse):
        await house.gateway.media.delete(house.us, media.id)
    house.service.faults.withhold_acks = False
    house.service.drop(house.service.phone("5511900000001"))

    async def has_left() -> bool:
        return (await house.message(accepted.message)).sent_at is not None

    await eventually(has_left)
    await house.gateway.media.delete(house.us, media.id)
    left = (await house.message(accepted.message)).media
    assert left is not None
    assert left.state is MediaState.OMITTED


async def test_a_message_whose_bytes_are_missing_fails_and_the_next_one_leaves(house: House, shop: Shop) -> None:
    session, _, ana = shop
    media = await kept(house)
    await house.gateway.sessions.stop(house.us, session.id)
    sent = await house.gateway.messaging.send(house.us, session.id, SendRequest(ana.jid, Document(media.id)))
    for path in [path for path in (house.data / "media").rglob("*") if path.is_file()]:
        path.unlink()
    after = await house.send(session, ana, "still here")
    await house.gateway.sessions.start(house.us, session.id)
    await until(lambda: [shown.text for shown in ana.inbox] == ["still here"])
    failed = await house.message(sent.message)
    assert failed.failure is not None
    assert failed.failure.code == "media_gone"
    assert after.chat.id == failed.chat.id


async def test_what_cannot_be_shown_is_refused(house: House, shop: Shop) -> None:
    session, phone, ana = shop
    media = await kept(house)
    for content, error in ((Document(MediaId("med_none")), MediaNotFound), (Image(media.id), InvalidMedia)):
        with pytest.raises(error):
            await house.gateway.messaging.send(house.us, session.id, SendRequest(ana.jid, content))
    house.service.files_flow.clear()
    message = await received(house, sends(house, ana, phone))
    with pytest.raises(MediaNotReady):
        await house.gateway.messaging.forward(house.us, ForwardRequest(message.id, ana.jid))
    house.service.files_flow.set()


async def test_a_key_stands_for_the_file_not_for_its_id(house: House, shop: Shop) -> None:
    session, _, ana = shop
    first, second = await kept(house), await kept(house)

    async def send(media: Media, source: str) -> tuple[str, bool]:
        request = SendRequest(ana.jid, Document(media.id), source=source)
        accepted = await house.gateway.messaging.send(house.us, session.id, request, idempotency_key="k")
        return accepted.message.id, accepted.replayed

    made, _ = await send(first, "sha256 1")
    assert await send(second, "sha256 1") == (made, True)
    with pytest.raises(IdempotencyKeyReused):
        await send(second, "sha256 2")


async def test_a_deleted_message_takes_along_what_nobody_else_shows(house: House, shop: Shop) -> None:
    _, phone, ana = shop
    wa_id = sends(house, ana, phone)
    message = await received(house, wa_id)
    media = await is_in(house, message.media, MediaState.READY)
    forwarded = await house.gateway.messaging.forward(house.us, ForwardRequest(message.id, ana.jid))
    ana.say(phone, Revocation(Target(wa_id, ana.jid)))
    await eventually(lambda: _is_deleted(house, message))
    assert (await house.gateway.media.get(house.us, media.id)).state is MediaState.READY
    again = await received(house, sends(house, ana, phone, CONTENT + b"!"))
    media = await is_in(house, again.media, MediaState.READY)
    assert again.wa_id is not None
    ana.say(phone, Revocation(Target(again.wa_id, ana.jid)))
    await eventually(lambda: _is_deleted(house, again))
    with pytest.raises(MediaNotFound):
        await house.gateway.media.get(house.us, media.id)
    assert (await house.message(forwarded.message)).media is not None


async def _is_deleted(house: House, message: Message) -> bool:
    return isinstance((await house.message(message)).content, Deleted)


async def test_a_file_that_is_deleted_before_it_is_here_stays_away(house: House, shop: Shop) -> None:
    _, phone, ana = shop
    house.service.files_flow.clear()
    message = await received(house, sends(house, ana, phone))
    assert message.media is not None
    await until(lambda: house.service.fetching == 1)
    await house.gateway.media.delete(house.us, message.media.id)
    house.service.files_flow.set()
    later = await received(house, sends(house, ana, phone, CONTENT + b"!"))
    await is_in(house, later.media, MediaState.READY)
    await until(lambda: house.service.fetching == 0)
    assert (await house.gateway.media.get(house.us, message.media.id)).state is MediaState.OMITTED
    await house.restart()
    assert (await house.gateway.media.get(house.us, message.media.id)).state is MediaState.OMITTED


async def test_a_session_that_is_deleted_leaves_no_file_of_others_behind(house: House, shop: Shop) -> None:
    session, phone, ana = shop
    mine = await kept(house, b"mine")
    await house.gateway.messaging.send(house.us, session.id, SendRequest(ana.jid, Document(mine.id)))
    message = await received(house, sends(house, ana, phone))
    theirs = await is_in(house, message.media, MediaState.READY)
    assert files_in(house) == 2
    await until(lambda: bool(ana.inbox))
    await house.gateway.sessions.delete(house.us, session.id)
    assert (await house.gateway.media.get(house.us, mine.id)).state is MediaState.READY
    with pytest.raises(MediaNotFound):
        await house.gateway.media.get(house.us, theirs.id)
    await house.gateway.media.delete(house.us, mine.id)
