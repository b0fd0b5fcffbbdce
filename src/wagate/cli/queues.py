"""Queues from the terminal: what waits, pausing and clearing it, and how an account fares."""

from __future__ import annotations

from typing import Any

from wagate.cli.client import ApiClient
from wagate.cli.outcome import say, say_json
from wagate.cli.tables import table

_TEXT = 40


async def show(session: str, *, as_json: bool) -> None:
    """Print what waits in a session, in its order."""
    async with ApiClient() as client:
        waiting = await client.all(f"/sessions/{session}/queue")
        state = await client.call("GET", f"/sessions/{session}/queue", query={"limit": "1"})
    if as_json:
        say_json({"data": waiting, "halted_at": state["halted_at"], "health": state["health"]})
        return
    if waiting:
        say(table(("Place", "Message", "Priority", "To", "Goes", "Why", "Text"), [_row(one) for one in waiting]))
    else:
        say(f"Nothing waits in {session}.")
    if state["halted_at"]:
        say(f"Paused since {state['halted_at']}. `wagate queue resume {session}` goes on.")


async def pause(session: str, *, as_json: bool) -> None:
    """Let nothing leave."""
    async with ApiClient() as client:
        state = await client.call("POST", f"/sessions/{session}/queue/pause")
    _told(state, f"Nothing leaves {session} any more. `wagate queue resume {session}` goes on.", as_json=as_json)


async def resume(session: str, *, as_json: bool) -> None:
    """Let messages leave again."""
    async with ApiClient() as client:
        state = await client.call("POST", f"/sessions/{session}/queue/resume")
    _told(state, f"Messages leave {session} again, at the account's pace.", as_json=as_json)


async def clear(session: str, *, as_json: bool) -> None:
    """Call back everything that waits."""
    async with ApiClient() as client:
        cleared = await client.call("DELETE", f"/sessions/{session}/queue")
    count = cleared["cancelled"]
    _told(cleared, f"Called back {count} message{'' if count == 1 else 's'} of {session}.", as_json=as_json)


async def cancel(message: str, *, as_json: bool) -> None:
    """Call back one message."""
    async with ApiClient() as client:
        cancelled = await client.call("POST", f"/messages/{message}/cancel")
    _told(cancelled, f"{message} is {cancelled['status']}.", as_json=as_json)


async def prioritise(message: str, priority: str, *, as_json: bool) -> None:
    """Make a message that waits more or less urgent."""
    async with ApiClient() as client:
        raised = await client.call("PUT", f"/messages/{message}/priority", {"priority": priority})
    _told(raised, f"{message} is {raised['priority']} now.", as_json=as_json)


async def health(session: str, *, as_json: bool) -> None:
    """Say how an account fares, and what to do."""
    async with ApiClient() as client:
        found = await client.call("GET", f"/sessions/{session}/health")
    if as_json:
        say_json(found)
        return
    today = found["today"]
    say(
        f"{session} is {found['state']}. Health {round(found['score'] * 100)} of 100, "
        f"at {round(found['pace'] * 100)} % of its pace.",
        f"Sent today: {_of(today['sent'], today['per_day'])}, first messages to somebody new: "
        f"{_of(today['cold'], today['cold_per_day'])}. Counted anew at {today['ends_at']}.",
    )
    if found["paused_until"]:
        say(f"Nothing leaves until {found['paused_until']}.")
    if found["no_new_people_until"]:
        say(f"Nobody new is written to until {found['no_new_people_until']}.")
    for reason in found["reasons"]:
        say(f"- {reason['code']}: {reason['action']}")


def _told(answer: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        say_json(answer)
    else:
        say(sentence)


def _of(sent: int, most: int | None) -> str:
    return f"{sent} (no limit)" if most is None else f"{sent} of {most}"


def _row(message: dict[str, Any]) -> tuple[str, ...]:
    contact = message["chat"]["contact"] or {}
    text = " ".join(message["text"].split())
    return (
        str(message["position"] or ""),
        message["id"],
        message["priority"],
        contact.get("phone") or message["chat"]["jid"] or message["chat"]["id"],
        message["scheduled_for"] or "",
        message["status_reason"] or "",
        text if len(text) <= _TEXT else text[: _TEXT - 1] + "…",
    )
