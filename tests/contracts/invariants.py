"""What holds whatever an engine was asked: looked at after every question of the examination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from contracts.examinee import Examinee, is_about
from wagate.domain.session import FINAL, SessionState, action_for
from wagate.ports.news import (
    GapSuspected,
    ReceiptArrived,
    SendAccepted,
    SendRefused,
    SendStarted,
    SendUncertain,
    StateChanged,
)

_NEED_A_REASON = FINAL | {SessionState.DISCONNECTED, SessionState.DEGRADED}


def contradictions(examinee: Examinee) -> list[str]:
    """What an engine told that cannot be, or that its data sheet rules out."""
    return [*_of_messages(examinee), *_of_promises(examinee), *_of_states(examinee)]


def _of_messages(examinee: Examinee) -> Iterator[str]:
    ids = {outgoing.message: outgoing.wa_id for outgoing in examinee.asked}
    for message, count in Counter(news.message for news in examinee.of_kind(SendStarted)).items():
        if count > 1 or message not in ids:
            yield f"{message} was started {count} times"
    for started in examinee.of_kind(SendStarted):
        if started.wa_id != ids.get(started.message):
            yield f"{started.message} was started as {started.wa_id}"
    for outgoing in examinee.asked:
        accepted = [news for news in examinee.of_kind(SendAccepted) if is_about(news, outgoing)]
        refused = [news for news in examinee.of_kind(SendRefused) if is_about(news, outgoing)]
        if len(accepted) + len(refused) > 1:
            yield f"{outgoing.message} was settled more than once: {accepted} {refused}"
    every: list[SendAccepted | SendRefused] = [*examinee.of_kind(SendAccepted), *examinee.of_kind(SendRefused)]
    for settled in every:
        if not any(is_about(settled, outgoing) for outgoing in examinee.asked):
            yield f"{settled} is about nothing that was sent"


def _of_promises(examinee: Examinee) -> Iterator[str]:
    promised = examinee.engine.features
    if promised.chooses_message_id and examinee.of_kind(SendUncertain):
        yield "an engine that sends the same stanza again need not doubt"
    if promised.acks_after_persist and examinee.of_kind(GapSuspected):
        yield "an engine that acknowledges after the commit cannot lose what it acknowledged"
    named: set[str | None] = {outgoing.wa_id for outgoing in examinee.asked}
    late = {news.wa_id for news in examinee.of_kind(SendAccepted)} - named
    for news in examinee.durable:
        match news:
            case SendAccepted(wa_id) | SendUncertain(wa_id=wa_id):
                named.add(wa_id)
            case ReceiptArrived(wa_ids=wa_ids) if late & {*wa_ids} - named:
                yield f"{wa_ids} were told of before anybody knew which messages they are"
            case _:
                pass


def _of_states(examinee: Examinee) -> Iterator[str]:
    for news in examinee.everything_told:
        if isinstance(news, StateChanged):
            if news.reason is None and news.state in _NEED_A_REASON:
                yield f"{news.state} was told without a reason"
            if news.reason is not None and action_for(news.reason) is None:
                yield f"nobody knows what to do about {news.reason.code}"
