"""Sending one text from the terminal."""

from __future__ import annotations

import sys

from wagate.cli.client import ApiClient
from wagate.cli.outcome import CommandFailed, say, say_json


async def send(session: str, to: str, text: str, *, wait_s: float, idempotency_key: str | None, as_json: bool) -> None:
    """Send a text and say how far it got. Raises CommandFailed, also when the message failed."""
    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    async with ApiClient() as client:
        message = await client.call(
            "POST",
            f"/sessions/{session}/messages",
            {"to": to, "text": text},
            query={"wait": str(wait_s)},
            headers=headers,
        )
    if as_json:
        say_json(message)
    if message["error"]:
        raise CommandFailed(f"{message['id']} failed: {message['error']['detail']} [{message['error']['code']}]")
    if not as_json:
        say(f"{message['id']} is {message['status']}.")
