"""What the phone does with chats and names is found in what whatsmeow keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from engines.neonize.desk import OTHER, OWN, Desk
from fixtures.waiting import until
from wagate.adapters.engines.neonize.records import AGREED
from wagate.domain.jid import Jid
from wagate.domain.marks import FOREVER, NOT_MUTED, ChatMarks, ContactName
from wagate.ports.news import ChatMarked, ContactNamed
from whatsapp_emulator.client import EmulatorClient

UNTIL = 1_893_456_000_000


def marks(desk: Desk, *, quiet: bool = False) -> list[ChatMarks]:
    return [news.marks for news in desk.of_kind(ChatMarked) if news.quiet is quiet]


def names(desk: Desk, *, quiet: bool = False) -> list[ContactName | None]:
    return [news.name for news in desk.of_kind(ContactNamed) if news.quiet is quiet]


async def found(desk: Desk, what: Callable[[], object], wanted: object) -> None:
    try:
        await until(lambda: what() == wanted, 20)
    except TimeoutError:
        raise AssertionError(f"{what()} is not {wanted}: {desk.output()}") from None


async def caught_up(desk: Desk) -> None:
    await desk.pair()
    await until(lambda: AGREED in desk.storage.records[desk.session], 20)


async def test_chats_that_the_phone_marks_are_told(desk: Desk, control: EmulatorClient) -> None:
    own, told = control.phone(OWN), partial(marks, desk)
    lid = (await control.account(OTHER)).lid
    await caught_up(desk)
    await own.app_state("pin", chat=OTHER, on=True)
    await found(desk, told, [ChatMarks(pinned=True)])
    await own.app_state("archive", chat=OTHER, on=True)
    await until(lambda: ChatMarks(archived=True) in told() or ChatMarks(archived=True, pinned=False) in told(), 20)
    await until(lambda: any(mark.pinned is False for mark in told()), 20)
    before = len(told())
    await own.app_state("mute", chat=OTHER, until=UNTIL)
    await found(desk, lambda: told()[before:], [ChatMarks(muted_until=UNTIL)])
    await own.app_state("mute", chat=OTHER, until=-1)
    await found(desk, lambda: told()[before + 1 :], [ChatMarks(muted_until=FOREVER)])
    await own.app_state("mute", chat=OTHER, until=None)
    await found(desk, lambda: told()[before + 2 :], [ChatMarks(muted_until=NOT_MUTED)])
    assert {news.chat for news in desk.of_kind(ChatMarked)} <= {Jid.from_phone(OTHER), Jid(lid)}


async def test_names_of_the_address_book_are_told(desk: Desk, control: EmulatorClient) -> None:
    own = control.phone(OWN)
    await own.app_state("save-contact", person=OTHER, name="Ana of old")
    await caught_up(desk)
    assert (names(desk, quiet=True), names(desk)) == ([ContactName("Ana of old")], [])
    await own.app_state("save-contact", person=OTHER, name="Ana Souza", first_name="Ana")
    await found(desk, partial(names, desk), [ContactName("Ana Souza", "Ana")])
    (news,) = [news for news in desk.of_kind(ContactNamed) if not news.quiet]
    account = await control.account(OTHER)
    assert {news.person, news.alt} - {None} <= {Jid(account.pn), Jid(account.lid)}


async def test_what_happens_while_we_are_away_is_told_once(desk: Desk, control: EmulatorClient) -> None:
    own, told = control.phone(OWN), partial(marks, desk)
    await caught_up(desk)
    await own.app_state("pin", chat=OTHER, on=True)
    await found(desk, told, [ChatMarks(pinned=True)])
    await desk.close()
    await own.app_state("pin", chat=OTHER, on=False)
    desk.renew()
    await desk.open()
    await found(desk, told, [ChatMarks(pinned=True), ChatMarks(pinned=False)])
    await control.phone(OTHER).type(OWN, "whatsmeow writes again")
    await desk.send("and again")
    await own.app_state("pin", chat=OTHER, on=True)
    await found(desk, told, [ChatMarks(pinned=True), ChatMarks(pinned=False), ChatMarks(pinned=True)])
