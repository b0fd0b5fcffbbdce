"""The pages of ``docs/reference`` about this API, written from the code; a test keeps the files equal to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus

from wagate.api.errors import RETRY_AFTER_S, STATUSES, title_of
from wagate.api.operations import Document, Operation, curl, operations
from wagate.api.v1.schemas.event_shapes import SHAPES
from wagate.api.v1.schemas.events import Event
from wagate.api.v1.schemas.messages import Message
from wagate.domain.errors import GatewayError
from wagate.domain.events import EventType

_SERVER = "http://127.0.0.1:3000"
_FRAMEWORK_TITLES = {"method_not_allowed": "This path does not answer to this method"}

EVENT_MEANINGS: dict[EventType, str] = {
    EventType.SESSION_STATE: "A session's state changed: `state`, `previous`, `reason` and `action`.",
    EventType.SESSION_CONNECTED: "Short for the state `connected`: messages can leave.",
    EventType.SESSION_DISCONNECTED: "Short for the state `disconnected`: the session reconnects by itself.",
    EventType.SESSION_LOGGED_OUT: "Short for the state `logged_out`: the phone must be paired again.",
    EventType.SESSION_BANNED: "Short for the state `banned`.",
    EventType.SESSION_OUTDATED: "Short for the state `outdated`: WhatsApp refuses the version that the engine "
    "announces. It concerns every session of that engine, sooner or later.",
    EventType.SESSION_QR: "There is a new QR code to scan. The code itself is a secret and not in the event: get it "
    "from `GET /v1/sessions/{session}/qr`.",
    EventType.SESSION_PAIRING_CODE: "A pairing code was asked for.",
    EventType.PAIRING_PASSKEY_REQUIRED: "WhatsApp asks for the account's passkey before it goes on pairing: have it "
    "answer `options`, and post the assertion to `POST /v1/sessions/{session}/passkey`.",
    EventType.PAIRING_PASSKEY_CODE: "The passkey was accepted, and a human has to say whether the phone shows the same "
    "code: `POST /v1/sessions/{session}/passkey/confirm`.",
    EventType.SESSION_MOVED: "Another engine goes on with the session's linked device; nobody had to pair again.",
    EventType.SESSION_GAP_SUSPECTED: "Messages that arrived in an interval may be missing here, because the engine "
    "acknowledges before it hands over and died in between.",
    EventType.MESSAGE_RECEIVED: "A message arrived, from a contact or from another device of the session's account.",
    EventType.MESSAGE_QUEUED: "A message was accepted and will go out when the session can send.",
    EventType.MESSAGE_SENT: "WhatsApp took a message.",
    EventType.MESSAGE_DELIVERED: "A message reached a device of the recipient.",
    EventType.MESSAGE_READ: "The recipient opened a message.",
    EventType.MESSAGE_PLAYED: "The recipient played a message (voice, video).",
    EventType.MESSAGE_FAILED: "A message did not and will not go out; `error` says why.",
    EventType.MESSAGE_SCHEDULED: "A message waits for a moment, `scheduled_for`, for a reason, `status_reason`: its "
    "sender asked for it, or the account may not send it before.",
    EventType.MESSAGE_CANCELLED: "A message was called back before it was sent; `status_reason` says how: "
    "`cancelled_by_user` or `queue_cleared`.",
    EventType.ACCOUNT_LIMITED: "WhatsApp gave a sign that the account sends too much: it sends slower for a while, and "
    "perhaps nothing at all until `paused_until`. What is accepted waits.",
    EventType.ACCOUNT_RECOVERED: "The account sends as fast again as it was set.",
    EventType.MESSAGE_UNKNOWN: "Whether a message went out is not known. It is not sent again blindly.",
    EventType.MESSAGE_EDITED: "A message says something else from now on: `text`, `content` and `edited_at`.",
    EventType.MESSAGE_DELETED: "A message was taken back, by its author or a group's admin, or deleted for the account "
    "alone (`for`: `everybody` or `me`). What it said is gone here, too.",
    EventType.MESSAGE_REACTION: "Somebody reacted to a message, in place of their earlier reaction, or took it away.",
    EventType.MESSAGE_POLL_VOTE: "Somebody voted in a poll, in place of their earlier vote.",
    EventType.MESSAGE_PINNED: "Somebody pinned a message to the top of its chat, or unpinned it.",
    EventType.MESSAGE_STARRED: "A message got a star on one of the account's devices, or lost it.",
    EventType.MESSAGE_MEDIA_UPDATED: "A file that a message shows has arrived, or it is certain that it will not.",
    EventType.MESSAGE_UNDECRYPTABLE: "A message could not be decrypted; its sender was asked to send it again.",
    EventType.CONTACT_UPDATED: "A contact is another than before, or more became known of them: `changes` names what "
    "(`name`, which is that of the account's address book, `push_name`, `phone`, `lid`, `about`, `picture`, "
    "`blocked`).",
    EventType.HISTORY_SYNCED: "The phone told of the past: after pairing in several parts, each with its own event, "
    "and when it was asked. `error` says why nothing came. The messages are there; no event tells of them one by one.",
    EventType.CONTACT_MERGED: "Two contacts turned out to be one person (a phone number and a LID).",
    EventType.CHAT_UPDATED: "A chat is marked otherwise on the account's devices: `changes` names what (`archived`, "
    "`pinned`, `muted_until`, `unread`, `disappearing_s`, `cleared`, `deleted`).",
    EventType.GROUP_UPDATED: "A group is another than before: `changes` names what (`subject`, a setting, `is_member` "
    "when the account came in or left, `invite` when the link was reset).",
    EventType.GROUP_PARTICIPANTS: "People came into a group, went, or got another role.",
    EventType.GROUP_JOIN_REQUEST: "Somebody wants to join a group of which the account is an admin, or does no longer.",
    EventType.PRESENCE_UPDATED: "Somebody came online or went, or writes or records in a chat. Only those are told of "
    "who were asked for with `POST …/presence/subscribe`, and who writes only while the account is shown online.",
    EventType.CALL_RECEIVED: "Somebody calls the account. It can be turned down while it rings, by its `id`.",
    EventType.CALL_ENDED: "A call does not ring any more.",
}
"""Each type of event in a sentence."""


def errors_reference() -> str:
    """``docs/reference/errors.md``."""
    titles = {error.code: title_of(error) for error in reversed(list(_all_errors()))} | _FRAMEWORK_TITLES
    rows = [
        f"| `{code}` | {status} | {titles[code]} | {_retry(code)} |"
        for code, status in sorted(STATUSES.items(), key=lambda entry: (entry[1], entry[0]))
    ]
    return "\n".join(
        [
            "# Errors",
            "",
            "Every error of the API is a problem document (RFC 9457) of the type `application/problem+json`.",
            "Programs decide by `code`, which never changes; people read `detail`, which says what to do.",
            "",
            "| code | status | meaning | ask again |",
            "|---|---|---|---|",
            *rows,
            "",
            "`errors` lists wrong fields one by one, each with a `pointer` into the body (or `parameter`, `header`),",
            "a `code` and a `detail`. `request_id` is the id of the request in the log, also in `X-Request-Id`.",
            "",
        ]
    )


def events_reference() -> str:
    """``docs/reference/events.md``."""
    return "\n".join(
        [
            "# Events",
            "",
            "An event is a fact: written once, in the transaction of what it tells of, numbered per session in `seq`,",
            "and never changed. `GET /v1/events` lists them, `GET /v1/events/stream` streams them as they happen.",
            "Filters take exact types, `message.*` and `*`.",
            "",
            "| type | meaning |",
            "|---|---|",
            *(f"| `{kind}` | {EVENT_MEANINGS[kind]} |" for kind in EventType),
            "",
            "All look like this one:",
            "",
            "```json",
            json.dumps(Event.EXAMPLE, indent=2, ensure_ascii=False),
            "```",
            "",
            "`session` tells of the session as it is now; of one that was deleted only the `id` is left.",
            "",
            "## What `data` says",
            "",
            *_data_lines(),
        ]
    )


def _data_lines() -> Iterator[str]:
    for shape in dict.fromkeys(SHAPES.values()):
        kinds = ", ".join(f"`{kind}`" for kind in EventType if SHAPES[kind] is shape)
        if shape is Message:
            yield f"{kinds}: the message, as `GET /v1/messages/{{message}}` shows it.\n"
            continue
        yield f"{kinds}:\n\n| field | meaning |\n|---|---|"
        for name, field in shape.model_fields.items():
            yield f"| `{field.alias or name}` | {field.description} |"
        yield ""


def api_reference(document: Document) -> str:
    """``docs/reference/api.md``."""
    return "\n".join(["# API", "", document["info"]["description"], "", *_api_lines(document)])


def _api_lines(document: Document) -> Iterator[str]:
    for tag, found in operations(document):
        yield f"## {tag['name'].capitalize()}\n\n{tag['description']}\n"
        for operation in found:
            yield from _operation(operation)


def _operation(operation: Operation) -> Iterator[str]:
    yield f"### {operation.method} {operation.path}\n\n{operation.description}\n"
    if operation.parameters:
        yield "| parameter | in | type | meaning |\n|---|---|---|---|"
        for found in operation.parameters:
            yield f"| `{found.name}` | {found.place} | {found.type} | {found.meaning} |"
        yield ""
    if operation.fields:
        yield "| field | type | meaning |\n|---|---|---|"
        for field in operation.fields:
            mark = " (required)" if field.is_required else ""
            yield f"| `{field.name}`{mark} | {field.type} | {field.meaning} |"
        yield ""
    yield f"```sh\n{curl(operation, _SERVER)}\n```\n"
    for type_, body in list(operation.request_examples.items())[1:]:
        yield f"`{type_}`:\n\n```json\n{json.dumps(body, ensure_ascii=False)}\n```\n"
    good = [f"{status} {HTTPStatus(int(status)).phrase}" for status, _, _ in operation.responses if status < "400"]
    yield f"Answers: {', '.join(good)}.\n"
    if operation.errors:
        yield f"Errors: {', '.join(f'`{code}`' for code in operation.errors)}.\n"


def _retry(code: str) -> str:
    return f"after {RETRY_AFTER_S[code]} s (`Retry-After`)" if code in RETRY_AFTER_S else ""


def _all_errors(error: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    yield error
    for child in error.__subclasses__():
        yield from _all_errors(child)
