"""Plaintexts as they cross the link."""

import base64

from wagate.adapters.whatsapp_web.letters import Account, compose
from wagate.domain.content import Text
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.ports.engine import Outgoing
from whatsapp_wire.message import parse, read

US = Account(Jid("5511@s.whatsapp.net"), Jid("111@lid"))


def plain(text: str) -> bytes:
    """The plaintext of a text."""
    return compose(Outgoing(MessageId("msg_0"), None, Jid("222@lid"), Text(text)), US, 0)


def body_of(text: str) -> str:
    """The same on the link."""
    return base64.b64encode(plain(text)).decode()


def text_in(body: str) -> str | None:
    """What such a plaintext says."""
    return read(parse(base64.b64decode(body))).text
