"""What a device asks for the sake of files: hosts, and its phone; and a message that is written already."""

from __future__ import annotations

import pytest

from engines.native.scripted import LID, OWN, PN, Script, Stranger, directory_of
from wagate.adapters.engines.native.machine.errors import LineLost, Unanswered
from wagate.adapters.engines.native.machine.media import RETRY_TIMEOUT_S
from wagate.adapters.engines.native.machine.send import Written
from wagate.adapters.whatsapp_web.files import MediaGone
from wagate.domain.ids import MessageId
from wagate.ports.engine import NotSent
from wagate.ports.news import SendStarted
from whatsapp_wire.jid import SERVER
from whatsapp_wire.media.content import MediaDetails, MediaFile, media_message
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.retry import RetryAnswer, RetryResult, SealedRetry, open_request, seal_answer
from whatsapp_wire.node import Attribute, Node
from whatsapp_wire.stanza.media import (
    MediaConnection,
    MediaMessage,
    connection_node,
    parse_retry_receipt,
    retried_children,
)

KEY = bytes(range(32))
ID = "3EB0AA11BB22CC33DD44"
MESSAGE = MediaMessage(ID, LID, False)
PATH = "/v/new.enc?oh=1"


class Heard:
    """What commands came to."""

    def __init__(self) -> None:
        self.results: list[object] = []

    def then(self, error: Exception | None, value: object) -> None:
        self.results.append(error if error is not None else value)


class HostServer:
    """Tells hosts, another word each time."""

    def __init__(self, ttl_s: int = 60) -> None:
        self.ttl_s = ttl_s
        self.asked = 0

    def answer(self, iq: Node) -> Node:
        self.asked += 1
        return connection_node(MediaConnection(f"word {self.asked}", self.ttl_s, self.ttl_s, ("a", "b")))


@pytest.fixture
def script() -> Script:
    return Script()


def hosts(script: Script, stale: MediaConnection | None = None) -> object:
    heard = Heard()
    script.machine.media_hosts(stale, heard.then)
    script.rest()
    [result] = heard.results
    return result


def test_hosts_are_asked_for_once_in_their_time(script: Script) -> None:
    server = HostServer()
    script.answers["w:m"] = server.answer
    first = hosts(script)
    assert first == MediaConnection("word 1", 60, 60, ("a", "b"))
    script.now += 59
    assert hosts(script) is first
    script.now += 2
    assert hosts(script) == MediaConnection("word 2", 60, 60, ("a", "b"))
    assert server.asked == 2


def test_hosts_that_turn_us_away_are_asked_for_again_once(script: Script) -> None:
    server = HostServer()
    script.answers["w:m"] = server.answer
    stale = hosts(script)
    assert isinstance(stale, MediaConnection)
    fresh = hosts(script, stale)
    assert hosts(script, stale) is fresh
    assert server.asked == 2


def test_all_who_need_hosts_at_once_share_one_question(script: Script) -> None:
    server, heard = HostServer(), Heard()
    script.answers["w:m"] = server.answer
    for _ in range(3):
        script.machine.media_hosts(None, heard.then)
    script.rest()
    assert (len(heard.results), server.asked) == (3, 1)


@pytest.mark.parametrize(
    "answer",
    [
        Node("media_conn", {"auth": "x"}),
        Node("iq", {"type": "error", "from": SERVER}, [Node("error", {"code": 503, "text": "later"})]),
    ],
)
def test_hosts_that_cannot_be_had(script: Script, answer: Node) -> None:
    script.answers["w:m"] = lambda iq: answer
    assert isinstance(hosts(script), NotSent)
    script.machine.closed()
    assert isinstance(hosts(script), LineLost)


def ask(script: Script) -> tuple[Heard, SealedRetry]:
    """Ask the phone for a file; returns what comes of it, and what the phone is told."""
    heard = Heard()
    script.machine.ask_phone_for_media(MESSAGE, KEY, heard.then)
    [receipt] = script.rest()
    assert (receipt.tag, receipt.get("to"), receipt.get("type")) == ("receipt", OWN.pn.bare, "server-error")
    about, asked = parse_retry_receipt(receipt)
    assert about == MESSAGE
    return heard, asked


def answered(script: Script, answer: SealedRetry | RetryResult | None) -> list[Node]:
    head: dict[str, Attribute] = {"from": OWN.pn.bare, "id": ID, "type": "mediaretry", "t": 1}
    children = [] if answer is None else retried_children(MESSAGE, answer)
    return script.hear(Node("notification", head, children))


def test_a_phone_uploads_a_file_again(script: Script) -> None:
    heard, asked = ask(script)
    open_request(KEY, ID, asked)
    [ack] = answered(script, seal_answer(KEY, ID, RetryAnswer(RetryResult.SUCCESS, PATH)))
    assert (ack.tag, ack.get("class"), ack.get("type")) == ("ack", "notification", "mediaretry")
    assert heard.results == [PATH]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (RetryResult.NOT_FOUND, "not_found"),
        (seal_answer(KEY, ID, RetryAnswer(RetryResult.DECRYPTION_ERROR)), "decryption_error"),
        (seal_answer(KEY, ID, RetryAnswer(RetryResult.SUCCESS)), "general_error"),
        (seal_answer(KEY, ID, RetryAnswer(RetryResult.SUCCESS, "https://elsewhere/v")), "makes no sense"),
        (seal_answer(bytes(32), ID, RetryAnswer(RetryResult.SUCCESS, PATH)), "cannot be read"),
        (seal_answer(KEY, "3EB0AA", RetryAnswer(RetryResult.SUCCESS, PATH)), "cannot be read"),
    ],
)
def test_a_phone_that_cannot(script: Script, answer: SealedRetry | RetryResult, complaint: str) -> None:
    heard, _ = ask(script)
    answered(script, answer)
    [error] = heard.results
    assert isinstance(error, MediaGone)
    assert error.code == "media_gone"
    assert complaint in str(error)


def test_a_phone_that_is_switched_off(script: Script) -> None:
    heard, _ = ask(script)
    script.wait(RETRY_TIMEOUT_S + 1)
    assert [type(result) for result in heard.results] == [Unanswered]
    # It answers after all; nobody waits any more.
    [ack] = answered(script, seal_answer(KEY, ID, RetryAnswer(RetryResult.SUCCESS, PATH)))
    assert ack.tag == "ack"
    assert len(heard.results) == 1


def test_an_answer_that_says_nothing_is_no_answer(script: Script) -> None:
    heard, _ = ask(script)
    [ack] = answered(script, None)
    assert ack.get("error") is None
    assert heard.results == []
    answered(script, seal_answer(KEY, ID, RetryAnswer(RetryResult.SUCCESS, PATH)))
    assert heard.results == [PATH]


def test_a_line_that_is_lost_while_the_phone_is_asked(script: Script) -> None:
    heard, _ = ask(script)
    script.machine.closed()
    script.rest()
    assert [type(result) for result in heard.results] == [LineLost]
    script.machine.ask_phone_for_media(MESSAGE, KEY, heard.then)
    script.rest()
    assert isinstance(heard.results[-1], NotSent)


def test_two_who_want_one_file_ask_once(script: Script) -> None:
    heard, _ = ask(script)
    script.machine.ask_phone_for_media(MESSAGE, KEY, heard.then)
    assert script.rest() == []
    answered(script, seal_answer(KEY, ID, RetryAnswer(RetryResult.SUCCESS, PATH)))
    assert heard.results == [PATH, PATH]


def test_a_written_message_goes_out_as_what_it_is(script: Script) -> None:
    script.answers |= directory_of([Stranger()])
    file = MediaFile(MediaSecret(MediaKind.IMAGE, KEY, bytes(32), bytes(32), 5), PATH)
    plaintext, heard = media_message(file, MediaDetails("image/png", caption="look")), Heard()
    script.machine.post(Written(MessageId("msg_1"), ID, PN, plaintext), heard.then)
    sent = next(node for node in script.rest() if node.tag == "message")
    assert heard.results == [None]
    assert (sent.get("id"), sent.get("type")) == (ID, "media")
    encs = [enc for to in sent.require("participants").all("to") for enc in to.all("enc")]
    assert {enc.get("mediatype") for enc in encs} == {"image"}
    assert [news.wa_id for news in script.news(SendStarted)] == [ID]
    script.machine.post(Written(MessageId("msg_1"), ID, PN, plaintext), heard.then)
    assert [node for node in script.rest() if node.tag == "message"] == []
