"""A group changes while its devices are looked up: what counts is who is in it when the message is encrypted."""

from __future__ import annotations

import pytest

from engines.native.lines import OTHER
from engines.native.replay import FOURTH, Replay
from engines.native.test_crashes import check
from whatsapp_wire.decoding import decode
from whatsapp_wire.node import Node


def asks_for(replay: Replay, namespace: str) -> bool:
    """Whether the next thing that we say is such a request."""
    return bool(replay.shell.written) and decode(replay.shell.written[0]).get("xmlns") == namespace


def until_asking(replay: Replay, namespace: str) -> None:
    """Go on until such a request is about to leave."""
    for _ in range(200):
        if asks_for(replay, namespace):
            return
        for step in (replay.answer, replay.commit, replay.hear):
            step()
        if not asks_for(replay, namespace):
            replay.speak()
    raise AssertionError(f"nothing was asked of {namespace}")


def test_no_key_that_may_be_needed_again_is_pushed_out_by_newer_ones() -> None:
    """Many texts under many keys, of none of which we learn that it arrived; then all that may go out again does."""
    replay = Replay(1)
    replay.world.faults.no_ack = True
    for _ in range(16):
        replay.post_to_group()
        replay.change_group()
        for _ in range(30):
            for step in (replay.answer, replay.commit, replay.speak, replay.hear, replay.dispatch):
                step()
    replay.world.faults.no_ack = False
    replay.crash()
    replay.settle()
    check(replay)
    assert replay.world.audit.counts["same ciphertext"] > 0


@pytest.mark.parametrize("namespace", ["w:g2", "usync", "encrypt"])
@pytest.mark.parametrize("is_there", [True, False])
def test_who_comes_or_goes_meanwhile_is_reckoned_with(namespace: str, is_there: bool) -> None:
    replay = Replay(1, is_warm=False)
    if is_there:
        replay.change_group()
        replay.settle()
    replay.post_to_group()
    until_asking(replay, namespace)
    asked = replay.shell.written.popleft()
    replay.change_group()
    for _ in range(20):
        for step in (replay.hear, replay.answer, replay.commit, replay.speak):
            step()
    assert not replay.world.account(FOURTH).devices
    replay.shell.written.appendleft(asked)
    replay.settle()
    check(replay)
    shown = [shown.id for shown in replay.world.phone(FOURTH).inbox if shown.sender.user == replay.own.user]
    assert shown == ([] if is_there else [post.outgoing.chosen_id for post in replay.posts])
    replay.post_to_group()
    replay.settle()
    check(replay)


@pytest.mark.parametrize("is_there", [True, False])
def test_who_comes_or_goes_after_the_answer_is_reckoned_with(is_there: bool) -> None:
    """The server answers who is in the group, and tells of a change; what the answer needs from the disk comes last."""
    replay = Replay(1, is_warm=False)
    if is_there:
        replay.change_group()
        replay.settle()
    replay.post_to_group()
    until_asking(replay, "w:g2")
    replay.forget_clean()
    replay.speak()
    replay.hear()
    replay.change_group()
    replay.hear()
    replay.postpone()
    replay.settle()
    check(replay)
    shown = [shown.id for shown in replay.world.phone(FOURTH).inbox if shown.sender.user == replay.own.user]
    assert shown == ([] if is_there else [post.outgoing.chosen_id for post in replay.posts])


def test_a_member_whose_devices_come_into_doubt_meanwhile_gets_the_message() -> None:
    """A new member's devices are asked for; meanwhile an ack says that an old member's may have changed."""
    replay = Replay(1)
    replay.world.faults.no_ack = True
    replay.post(OTHER)
    for _ in range(30):
        for step in (replay.answer, replay.commit, replay.speak, replay.hear):
            step()
    replay.world.faults.no_ack = False
    replay.change_group()
    replay.hear()
    replay.post_to_group()
    until_asking(replay, "usync")
    to_member, to_group = (post.outgoing.chosen_id for post in replay.posts[-2:])
    replay.machine.received(Node("ack", {"class": "message", "id": to_member, "phash": "2:other"}))
    replay.settle()
    check(replay)
    assert to_group in replay.shown(OTHER, replay.group)


@pytest.mark.parametrize("hears_first", [True, False])
def test_who_was_out_when_the_key_came_gets_it_once_back(hears_first: bool) -> None:
    """A key is on its way to a new member, who is removed before it arrives, and comes back."""
    replay = Replay(1)
    replay.change_group()
    replay.settle()
    replay.post_to_group()
    for _ in range(30):
        replay.answer()
        replay.commit()
        if asks_for_nothing(replay):
            break
        replay.speak()
        replay.hear()
    replay.change_group()
    replay.speak()
    replay.change_group()
    if hears_first:
        replay.settle()
    replay.post_to_group()
    replay.settle()
    check(replay)
    assert replay.posts[-1].outgoing.chosen_id in replay.shown(FOURTH, replay.group)


def asks_for_nothing(replay: Replay) -> bool:
    """Whether the next thing that we say is a message."""
    return bool(replay.shell.written) and decode(replay.shell.written[0]).tag == "message"


@pytest.mark.parametrize("is_answered", [True, False])
def test_what_somebody_could_not_read_is_not_held_against_us_when_it_goes_out_again(is_answered: bool) -> None:
    """Somebody comes in unheard of, so cannot read a text; leaves and comes back, and gets a new key; then all that has
    no ack goes out again, the text under the old key, too.
    """
    replay = Replay(1)
    replay.world.faults.no_ack = True
    replay.post_to_group()
    for _ in range(30):
        replay.answer()
        replay.commit()
        if asks_for_nothing(replay):
            break
        replay.speak()
        replay.hear()
    replay.change_group()
    replay.speak()
    if is_answered:
        exchange(replay)
    replay.change_group()
    replay.change_group()
    exchange(replay)
    replay.post_to_group()
    exchange(replay)
    replay.world.faults.no_ack = False
    replay.crash()
    replay.settle()
    check(replay)
    assert replay.world.audit.counts["same ciphertext"] > 1
    assert set(replay.shown(FOURTH, replay.group)) == {post.outgoing.chosen_id for post in replay.posts[-2:]}


def exchange(replay: Replay) -> None:
    """Let everything happen that can, but for what waits for an ack."""
    for _ in range(30):
        for step in (replay.answer, replay.commit, replay.speak, replay.hear, replay.dispatch):
            step()
