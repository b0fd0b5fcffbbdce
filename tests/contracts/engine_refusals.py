"""The written examination for engines, third part: what cannot be done is refused, with the right code."""

from dataclasses import replace

import pytest

from contracts.examinee import NOBODY, Examinee, Network
from contracts.paper import Paper
from wagate.domain.content import Unsupported
from wagate.domain.errors import UnsupportedByEngine
from wagate.domain.jid import NEWSLETTER_SERVER, Jid
from wagate.ports.engine import SendImpossible
from wagate.ports.news import SendAccepted, SendRefused, SendStarted

PAPER = Paper()


@PAPER.asks()
async def a_number_without_an_account_is_told_apart(network: Network) -> None:
    examinee = await Examinee.paired(network)
    refused = examinee.outgoing("hello?", to=NOBODY)
    assert await examinee.refusal_of(refused) == "recipient_not_on_whatsapp"
    await and_the_next_one_goes_out(examinee)


@PAPER.asks()
async def a_recipient_without_keys_is_told_apart(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.hide_keys()
    assert await examinee.refusal_of(examinee.outgoing("hello?")) == "recipient_unreachable"
    assert examinee.of_kind(SendAccepted) == []
    assert await network.shown() == []


@PAPER.asks()
async def a_refused_message_is_settled(network: Network) -> None:
    examinee = await Examinee.paired(network)
    await network.refuse_messages()
    sent = await examinee.send("no")
    refused = await examinee.hears(SendRefused)
    if sent.wa_id is None:
        assert refused.message == sent.message
    else:
        assert refused.wa_id == sent.wa_id
    assert refused.code
    assert refused.detail
    assert examinee.of_kind(SendAccepted) == []


@PAPER.asks()
async def a_kind_of_content_that_it_does_not_claim_is_refused(network: Network) -> None:
    examinee = await Examinee.paired(network)
    assert Unsupported.type not in examinee.engine.features.contents
    with pytest.raises(UnsupportedByEngine):
        await examinee.give(replace(examinee.outgoing(""), content=Unsupported("hologram")))
    assert examinee.of_kind(SendStarted) == []
    await and_the_next_one_goes_out(examinee)


@PAPER.asks()
async def an_address_that_nobody_can_write_to_is_refused(network: Network) -> None:
    examinee = await Examinee.paired(network)
    channel = Jid.of("120363000000000001", NEWSLETTER_SERVER)
    with pytest.raises((SendImpossible, UnsupportedByEngine)):
        await examinee.give(replace(examinee.outgoing("hello?"), to=channel))
    assert examinee.of_kind(SendStarted) == []
    await and_the_next_one_goes_out(examinee)


async def and_the_next_one_goes_out(examinee: Examinee) -> None:
    """Whatever was refused, the line works."""
    await examinee.send("hello")
    await examinee.shown("hello")
