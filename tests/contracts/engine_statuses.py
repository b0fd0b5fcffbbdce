"""The written examination for engines: status posts. Who does not promise them is not asked."""

from __future__ import annotations

from dataclasses import replace

from contracts.examinee import OTHER, OWN, Examinee, Network
from contracts.paper import Paper
from wagate.domain.acts import Revocation, Target
from wagate.domain.content import Text
from wagate.domain.jid import STATUS_LIST, Jid
from wagate.domain.looks import Look
from wagate.ports.engine import SendImpossible
from wagate.ports.news import ReceiptArrived, ReceiptKind, SendAccepted, SendStarted

PAPER = Paper()

_FOR_OTHER = (Jid.from_phone(OTHER),)


@PAPER.asks(promised="posts_status")
async def a_status_reaches_its_audience_and_their_receipts_come_back(network: Network) -> None:
    examinee = await Examinee.paired(network)
    posted = replace(
        examinee.outgoing("open"), to=STATUS_LIST, content=Text("open", look=Look("#102030")), audience=_FOR_OTHER
    )
    await examinee.give(posted)
    accepted = await examinee.hears(SendAccepted)
    (shown,) = await examinee.shown("open")
    assert shown.wa_id == accepted.wa_id
    await network.read()
    await examinee.hears(ReceiptArrived, times=2)
    receipts = examinee.of_kind(ReceiptArrived)
    assert {(news.chat, news.wa_ids) for news in receipts} == {(STATUS_LIST, (accepted.wa_id,))}
    assert sorted(news.kind for news in receipts) == [ReceiptKind.DELIVERED, ReceiptKind.READ]
    assert {news.by for news in receipts} <= await network.other_addresses()


@PAPER.asks(promised="posts_status")
async def a_status_is_taken_back(network: Network) -> None:
    examinee = await Examinee.paired(network)
    posted = replace(examinee.outgoing("a mistake"), to=STATUS_LIST, audience=_FOR_OTHER)
    await examinee.give(posted)
    accepted = await examinee.hears(SendAccepted)
    revocation = Revocation(Target(accepted.wa_id, Jid.from_phone(OWN)))
    await examinee.give(replace(examinee.outgoing(""), to=STATUS_LIST, content=revocation, audience=_FOR_OTHER))
    await examinee.hears(SendAccepted, times=2)
    assert len(examinee.of_kind(SendStarted)) == 2


@PAPER.asks(promised="posts_status")
async def a_status_for_nobody_is_refused(network: Network) -> None:
    examinee = await Examinee.paired(network)
    try:
        await examinee.give(
            replace(examinee.outgoing("x"), to=STATUS_LIST, audience=(Jid.from_phone("5511999999990"),))
        )
    except SendImpossible:
        assert examinee.of_kind(SendStarted) == []
    else:
        raise AssertionError("it was taken")
