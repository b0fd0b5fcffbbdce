"""Calls: they ring on every companion of who is called until somebody answers, turns them down or gives up.

Nothing is ever said in one: no companion of this world answers. Facts: whatsmeow `call.go`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node


class CallState(StrEnum):
    """What became of a call so far."""

    RINGING = "ringing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ENDED = "ended"


@dataclass(eq=False, slots=True)
class Call:
    """One person calls another."""

    id: str
    caller: Account
    callee: Account
    is_video: bool
    state: CallState = CallState.RINGING


class NoSuchCall(LookupError):
    """There is no such call, or it does not ring (any more)."""


def ring(state: State, caller: Account, callee: Account, *, video: bool) -> Call:
    """Begin a call. It does not ring for who has blocked the caller."""
    call = Call(state.entropy.randbytes(16).hex().upper(), caller, callee, video)
    state.calls[call.id] = call
    if caller.lid not in callee.blocked:
        media = [Node("audio", {"enc": "opus", "rate": "16000"}), *([Node("video")] if video else [])]
        _tell(state, call, Node("offer", _named(call), media))
    return call


def hang_up(state: State, id: str, by: Account) -> Call:
    """The caller gives up. Raises NoSuchCall."""
    call = _ringing(state, id)
    if call.caller is not by:
        raise NoSuchCall(id)
    _end(state, call, CallState.ENDED, "timeout")
    return call


def answer(state: State, id: str, by: Account, *, accept: bool) -> Call:
    """Who is called takes it on their phone, or turns it down there. Raises NoSuchCall."""
    call = _ringing(state, id)
    if call.callee is not by:
        raise NoSuchCall(id)
    outcome = CallState.ACCEPTED if accept else CallState.REJECTED
    _end(state, call, outcome, f"{outcome.value}_elsewhere")
    return call


def hear(state: State, link: Link, node: Node) -> None:
    """A companion turns a call down. Raises StanzaRefused."""
    state.send(link, Node("ack", {"class": "call", "id": node.attr("id"), "from": node.jid("to")}))
    device, rejected = link.device, node.child("reject")
    if device is None or rejected is None:
        state.violate("unhandled_stanza", link, repr(node))
        return
    call = state.calls.get(rejected.attr("call-id"))
    if call is None or call.callee is not device.account or not call.caller.owns(rejected.jid("call-creator")):
        state.violate("malformed", link, f"there is no such call: {node!r}")
    elif call.state is CallState.RINGING:
        _end(state, call, CallState.REJECTED, "rejected_elsewhere", without=device)


def _ringing(state: State, id: str) -> Call:
    call = state.calls.get(id)
    if call is None or call.state is not CallState.RINGING:
        raise NoSuchCall(id)
    return call


def _end(state: State, call: Call, outcome: CallState, reason: str, without: Device | None = None) -> None:
    call.state = outcome
    if call.caller.lid not in call.callee.blocked:
        _tell(state, call, Node("terminate", {**_named(call), "reason": reason}), without)


def _named(call: Call) -> dict[str, str | Jid]:
    return {"call-id": call.id, "call-creator": call.caller.lid, "caller_pn": call.caller.pn}


def _tell(state: State, call: Call, step: Node, without: Device | None = None) -> None:
    for device in call.callee.devices.values():
        if device is not without:
            head: Attrs = {"from": call.caller.lid, "id": state.next_id(), "t": state.stamp}
            state.deliver(device, Node("call", {**head, "platform": "android", "version": "2.25.30.71"}, [step]))
