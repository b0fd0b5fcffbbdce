"""What media need of the line: where the hosts are, and the phone's help when a file is gone from them."""

from __future__ import annotations

from functools import partial
from typing import Final

from wagate.adapters.engines.native.machine.device import Device, KnownHosts, Phase
from wagate.adapters.engines.native.machine.flows import Ask, Flow, Join
from wagate.adapters.whatsapp_web.files import MediaGone
from wagate.ports.engine import NotSent
from whatsapp_wire.encoding import encode
from whatsapp_wire.errors import WireError
from whatsapp_wire.media.content import is_direct_path
from whatsapp_wire.media.retry import RetryAnswer, RetryResult, SealedRetry, open_answer, seal_request
from whatsapp_wire.node import Node
from whatsapp_wire.stanza import media as stanzas
from whatsapp_wire.stanza.media import MediaConnection, MediaMessage

RETRY_TIMEOUT_S: Final = 60.0
"""How long a phone may take to upload a file again. It may be switched off: then nothing comes at all."""


def connection(us: Device, stale: MediaConnection | None = None) -> Flow[MediaConnection]:
    """The hosts and the word for uploads: those that are known, unless they are too old or are the ``stale`` ones.

    Raises NotSent.
    """
    known = us.media_hosts
    if known is not None and known.connection != stale and us.shell.now() < known.until:
        return known.connection
    found: MediaConnection = yield Join("media hosts", partial(_ask_for_hosts, us))
    return found


def ask_phone(us: Device, message: MediaMessage, media_key: bytes) -> Flow[str]:
    """Have our own phone upload a message's file again; returns its new path. Raises NotSent, MediaGone."""
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    path: str = yield Join(("media", message.id), partial(_ask_phone, us, message, media_key))
    return path


def _ask_for_hosts(us: Device) -> Flow[MediaConnection]:
    answer = yield from us.flows.ask(stanzas.connection_query)
    try:
        found = stanzas.parse_connection(answer)
    except WireError as error:
        raise NotSent(f"WhatsApp's answer about media hosts cannot be read: {error}") from error
    us.media_hosts = KnownHosts(found, us.shell.now() + found.life_s)
    return found


def _ask_phone(us: Device, message: MediaMessage, media_key: bytes) -> Flow[str]:
    request = stanzas.retry_receipt(us.own.pn, message, seal_request(media_key, message.id))
    # The answer is a notification that has the message's id, as an answer to an `iq` has that one's.
    notification: Node = yield Ask(message.id, encode(request), RETRY_TIMEOUT_S)
    try:
        told = _read(stanzas.parse_retried(notification).answer, message.id, media_key)
    except WireError as error:
        raise MediaGone(f"the phone's answer cannot be read: {error}") from error
    if told.result is not RetryResult.SUCCESS or told.direct_path is None:
        raise MediaGone(f"the phone cannot upload the file again: {told.result.value}")
    if not is_direct_path(told.direct_path):
        raise MediaGone("the phone uploaded the file again, but where to makes no sense")
    return told.direct_path


def _read(answer: SealedRetry | RetryResult, message_id: str, media_key: bytes) -> RetryAnswer:
    return RetryAnswer(answer) if isinstance(answer, RetryResult) else open_answer(media_key, message_id, answer)
