"""Sending one text from the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from wagate.cli.client import ApiClient
from wagate.cli.outcome import CommandFailed, say, say_json


async def send(  # noqa: PLR0913 - each is an option
    session: str,
    to: str,
    text: str,
    *,
    wait_s: float,
    idempotency_key: str | None,
    conditions: Mapping[str, str | None],
    as_json: bool,
) -> None:
    """Send a text and say how far it got; ``conditions`` are fields of the request, None for the usual.

    Raises CommandFailed, also when the message failed.
    """
    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    async with ApiClient() as client:
        message = await client.call(
            "POST",
            f"/sessions/{session}/messages",
            {"to": to, "text": text, **{name: word for name, word in conditions.items() if word is not None}},
            # Nobody waits here for a moment that may be hours away.
            query={"wait": "0" if conditions["send_at"] else str(wait_s)},
            headers=headers,
        )
    if as_json:
        say_json(message)
    if message["error"]:
        raise CommandFailed(f"{message['id']} failed: {message['error']['detail']} [{message['error']['code']}]")
    if not as_json:
        say(f"{message['id']} is {message['status']}{_when(message)}.")


def _when(message: dict[str, Any]) -> str:
    """When a message goes that waits, and what it waits for."""
    if not message["scheduled_for"]:
        return ""
    place = f", number {message['position']} in the queue" if message["position"] else ""
    reason = f" ({message['status_reason']})" if message["status_reason"] else ""
    return f" for {message['scheduled_for']}{reason}{place}"
