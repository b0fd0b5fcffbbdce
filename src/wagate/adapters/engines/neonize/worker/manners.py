"""neonize's receipts and timers. It is handed neonize's client, and makes none of it itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from neonize.proto import Neonize_pb2 as pb
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message, ProtocolMessage
from neonize.utils.enum import ReceiptType

from wagate.adapters.engines.neonize.link.messages import Ask
from wagate.adapters.engines.neonize.worker.line import Refused

_RECEIPTS: Final = {
    "read": ReceiptType.READ,
    "read-self": ReceiptType.READ_SELF,
    "played": ReceiptType.PLAYED,
    "played-self": ReceiptType.PLAYED_SELF,
}
"""Types of receipts by their words in the stanza."""


def do(client: Any, ask: Ask, jid_of: Callable[[str], Any]) -> None:
    """Do one of `MANNER_ERRANDS`. Raises Refused, and whatever neonize raises."""
    chat = jid_of(ask.subject)
    match ask.what:
        case "read":
            kind = _receipt(client, ask.text)
            client.mark_read(*ask.ids, chat=chat, sender=jid_of(ask.sender), receipt=kind)
        case "timer":
            _set_timer(client, chat, int(ask.text))
        case _:
            raise Refused(f"there is no errand {ask.what!r}")


def _receipt(client: Any, word: str) -> ReceiptType:
    """The type of a receipt.

    Where the account's privacy setting lets nobody hear that we read, whatsmeow makes ``read`` into ``read-self``, and
    leaves ``played`` to its caller (`receipt.go`).
    """
    if word not in _RECEIPTS:
        raise Refused(f"there are no receipts {word!r}")
    if word == "played" and client.get_privacy_settings().ReadReceipts == pb.PrivacySettings.NONE:
        word = "played-self"
    return _RECEIPTS[word]


def _set_timer(client: Any, chat: Any, seconds: int) -> None:
    """What whatsmeow's ``SetDisappearingTimer`` sends to a person; neonize's call for it dates the setting at 1970."""
    setting = ProtocolMessage(
        type=ProtocolMessage.EPHEMERAL_SETTING,
        ephemeralExpiration=seconds,
        ephemeralSettingTimestamp=int(time.time()),
    )
    client.send_message(chat, Message(protocolMessage=setting))
