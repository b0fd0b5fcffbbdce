"""Where files are up- and downloaded, and asking the phone for one that is gone.

Facts: whatsmeow `mediaconn.go`, `mediaretry.go`.
"""

from dataclasses import dataclass, field

from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.media.retry import RetryResult, SealedRetry, code_of_result, result_of_code
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.stanza.attributes import number, optional_jid, optional_number
from whatsapp_wire.stanza.iq import request


@dataclass(frozen=True, slots=True)
class MediaConnection:
    """The hosts for files, the best first, and the word that allows uploads to them.

    Both are good for a time, in seconds from when they were told. A host may carry a port.
    """

    auth: str = field(repr=False)
    ttl_s: int
    auth_ttl_s: int
    hosts: tuple[str, ...]

    @property
    def life_s(self) -> int:
        """How long all of it is good for."""
        return min(self.ttl_s, self.auth_ttl_s)


@dataclass(frozen=True, slots=True)
class MediaMessage:
    """The message whose file is wanted again; `participant` wrote it, in a group."""

    id: str
    chat: Jid
    is_from_me: bool
    participant: Jid | None = None


@dataclass(frozen=True, slots=True)
class MediaRetried:
    """The phone's answer about a message's file: sealed, or a result without anything else."""

    message: MediaMessage
    answer: SealedRetry | RetryResult


def connection_query(id: str) -> Node:
    """Ask for hosts and a word for uploads."""
    return request(id, "w:m", "set", [Node("media_conn")])


def parse_connection(answer: Node) -> MediaConnection:
    """Read the answer; raises StanzaRefused when it is incomplete, or names no host."""
    told = answer.require("media_conn")
    hosts = tuple(host.attr("hostname") for host in told.all("host"))
    if not hosts:
        raise StanzaRefused("<media_conn> names no host")
    ttl_s = number(told, "ttl")
    return MediaConnection(told.attr("auth"), ttl_s, optional_number(told, "auth_ttl") or ttl_s, hosts)


def connection_node(connection: MediaConnection) -> Node:
    """The same as the server tells it."""
    attrs: dict[str, Attribute] = {
        "auth": connection.auth,
        "ttl": connection.ttl_s,
        "auth_ttl": connection.auth_ttl_s,
        "max_buckets": 12,
    }
    hosts = [
        Node("host", {"hostname": host, "type": "fallback" if place else "primary"}, [Node("download"), Node("upload")])
        for place, host in enumerate(connection.hosts)
    ]
    return Node("media_conn", attrs, hosts)


def retry_receipt(own_pn: Jid, message: MediaMessage, asked: SealedRetry) -> Node:
    """Ask our own phone to upload a message's file again."""
    attrs = {"id": message.id, "to": own_pn.bare, "type": "server-error"}
    return Node("receipt", attrs, [_sealed(asked), _about(message)])


def parse_retry_receipt(stanza: Node) -> tuple[MediaMessage, SealedRetry]:
    """Read that request; raises StanzaRefused when it is incomplete."""
    return _message(stanza), _unsealed(stanza.require("encrypt"))


def retried_children(message: MediaMessage, answer: SealedRetry | RetryResult) -> list[Node]:
    """The children of a `notification` of type `mediaretry`: the phone's answer, or an error with its code."""
    told = _sealed(answer) if isinstance(answer, SealedRetry) else Node("error", {"code": code_of_result(answer)})
    return [told, _about(message)]


def parse_retried(stanza: Node) -> MediaRetried:
    """Read such a notification; raises StanzaRefused when it is incomplete."""
    error = stanza.child("error")
    answer = result_of_code(number(error, "code")) if error is not None else _unsealed(stanza.require("encrypt"))
    return MediaRetried(_message(stanza), answer)


def _about(message: MediaMessage) -> Node:
    return Node("rmr", {"jid": message.chat, "from_me": message.is_from_me, "participant": message.participant})


def _message(stanza: Node) -> MediaMessage:
    about = stanza.require("rmr")
    is_from_me = about.get("from_me") == "true"
    return MediaMessage(stanza.attr("id"), about.jid("jid"), is_from_me, optional_jid(about, "participant"))


def _sealed(retry: SealedRetry) -> Node:
    return Node("encrypt", None, [Node("enc_p", None, retry.ciphertext), Node("enc_iv", None, retry.nonce)])


def _unsealed(encrypt: Node) -> SealedRetry:
    return SealedRetry(encrypt.require("enc_p").bytes(), encrypt.require("enc_iv").bytes())
