"""The Noise handshake: a published vector, a second driver of the same pattern, and tampering."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.certificate import ServerIdentity
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import DecryptionFailed, HandshakeFailed, MalformedFrame
from whatsapp_wire.frames import MAX_FRAME, FrameReader, split_prologue
from whatsapp_wire.noise import PROLOGUE, WHATSAPP_ROOT, ClientHandshake, ServerHandshake, SymmetricState, Transport
from whatsapp_wire.proto.transport_pb2 import HandshakeMessage

NOW = 1_763_600_000
IDENTITY = ServerIdentity.generate(NOW)
CLIENT = KeyPair.generate()


def from_hex(text: str) -> KeyPair:
    return KeyPair.from_private(bytes.fromhex(text))


@dataclass
class NoiseXX:
    """Noise XX by the book (§5.3, §7.5), one party: the pattern as tokens, messages as one string of bytes."""

    state: SymmetricState
    static: KeyPair
    ephemeral: KeyPair
    is_initiator: bool
    remote: dict[str, bytes] = field(default_factory=dict)

    def write(self, tokens: str, payload: bytes) -> bytes:
        message = b""
        for token in tokens.split():
            if token == "e":
                self.state.mix_hash(self.ephemeral.public)
                message += self.ephemeral.public
            elif token == "s":
                message += self.state.encrypt(self.static.public)
            else:
                self.mix(token)
        return message + self.state.encrypt(payload)

    def read(self, tokens: str, message: bytes) -> bytes:
        for token in tokens.split():
            if token == "e":
                self.remote["e"], message = message[:32], message[32:]
                self.state.mix_hash(self.remote["e"])
            elif token == "s":
                self.remote["s"], message = self.state.decrypt(message[:48]), message[48:]
            else:
                self.mix(token)
        return self.state.decrypt(message)

    def mix(self, token: str) -> None:
        ours, theirs = (0, 1) if self.is_initiator else (1, 0)
        own = self.ephemeral if token[ours] == "e" else self.static
        self.state.mix_key(own.agree(self.remote[token[theirs]]))


# cacophony's test vectors (github.com/haskell-cryptography/cacophony, vectors/cacophony.txt, public domain).
CACOPHONY_PROLOGUE = bytes.fromhex("4a6f686e2047616c74")
INITIATOR_STATIC = from_hex("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1")
INITIATOR_EPHEMERAL = from_hex("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a")
RESPONDER_STATIC = from_hex("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893")
RESPONDER_EPHEMERAL = from_hex("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b")
HANDSHAKE_MESSAGES = [
    (
        "4c756477696720766f6e204d69736573",
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573",
    ),
    (
        "4d757272617920526f746862617264",
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843757117acceb05bd7a45733bc22015c97"
        "a9d0cbaf41b80446d5988ff5127235d76b79eade70f473d6a4ef521fdcbeda5340d01e028ba793fc059f2724a83af05f"
        "12dda0448a7621a926b379a92477fd",
    ),
    (
        "462e20412e20486179656b",
        "c90f1cf77eba4e50edb038991565e36c9758943a989229b6051244dc4fbecb6946744b401af2ee1a5881b65fbb87fd07"
        "cb6a328ececc9ce6ce84c399dc332d4fd521fa4bb7f467ce909395",
    ),
]
TRANSPORT_MESSAGES = [
    ("4361726c204d656e676572", "bc3fa77f6aca3e8466d7dc6bea10013e88a6a29add5132b461806c"),
    ("4a65616e2d426170746973746520536179", "250b01074cdfe0df2ecf8ccbf1737b15a2ddb5b52fd9a396604e9c793cee3b3bb9"),
    (
        "457567656e2042f6686d20766f6e2042617765726b",
        "449d4d433b3cdc3d02bf6fc881774b9df54366ebcffb9689bb13f14709822cd7ef42bcdb4d",
    ),
]
PATTERN = ("e", "e ee s es", "s se")


def test_the_symmetric_state_and_the_transport_match_cacophony() -> None:
    initiator = NoiseXX(SymmetricState(CACOPHONY_PROLOGUE), INITIATOR_STATIC, INITIATOR_EPHEMERAL, True)
    responder = NoiseXX(SymmetricState(CACOPHONY_PROLOGUE), RESPONDER_STATIC, RESPONDER_EPHEMERAL, False)
    for tokens, (payload, ciphertext) in zip(PATTERN, HANDSHAKE_MESSAGES, strict=True):
        writer, reader = (responder, initiator) if tokens == PATTERN[1] else (initiator, responder)
        message = writer.write(tokens, bytes.fromhex(payload))
        assert message.hex() == ciphertext
        assert reader.read(tokens, message).hex() == payload
    to_responder, to_initiator = initiator.state.split()
    assert responder.state.split() == (to_responder, to_initiator)
    transports = (Transport(to_initiator, to_responder), Transport(to_responder, to_initiator))
    for turn, (payload, ciphertext) in enumerate(TRANSPORT_MESSAGES):
        writer_end, reader_end = transports[turn % 2], transports[(turn + 1) % 2]
        assert ciphertext == writer_end.seal(bytes.fromhex(payload))[3:].hex()
        assert reader_end.open(bytes.fromhex(ciphertext)).hex() == payload


def body(framed: bytes) -> bytes:
    [only] = FrameReader().feed(framed)
    return only


def hello_of(client: ClientHandshake) -> bytes:
    split = split_prologue(client.hello())
    assert split is not None
    assert split[0] == PROLOGUE == b"WA\x06\x03"
    return body(split[1])


def shake_hands(
    client: ClientHandshake | None = None,
    server: ServerHandshake | None = None,
    tamper: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType({}),
) -> tuple[bytes, bytes, Transport, Transport]:
    """Let both sides talk, with ``tamper`` on the messages it names; what the server learns, then both transports."""

    def carry(name: str, message: bytes) -> bytes:
        return tamper.get(name, bytes)(message)

    client = client or ClientHandshake(CLIENT, IDENTITY.root_public, NOW)
    server = server or ServerHandshake(IDENTITY, PROLOGUE)
    answer = server.hello(carry("client_hello", hello_of(client)))
    finish, client_end = client.finish(carry("server_hello", answer), b"login")
    static, payload, server_end = server.finish(carry("client_finish", body(finish)))
    return static, payload, client_end, server_end


def test_both_sides_reach_the_same_keys() -> None:
    static, payload, client, server = shake_hands()
    assert (static, payload) == (CLIENT.public, b"login")
    for number in range(5):
        assert server.open(body(client.seal(b"up %d" % number))) == b"up %d" % number
        assert client.open(body(server.seal(b"down %d" % number))) == b"down %d" % number


def test_the_client_follows_the_pattern_with_no_payload_in_the_first_message() -> None:
    """The responder here is the driver that the published vector proved, so only the deviation is WhatsApp's."""
    client = ClientHandshake(CLIENT, IDENTITY.root_public, NOW)
    responder = NoiseXX(SymmetricState(PROLOGUE), IDENTITY.static, KeyPair.generate(), False)
    responder.remote["e"] = HandshakeMessage.FromString(hello_of(client)).client_hello.ephemeral
    responder.state.mix_hash(responder.remote["e"])
    message = responder.write("e ee s es", IDENTITY.chain)
    answer = HandshakeMessage()
    answer.server_hello.ephemeral = message[:32]
    answer.server_hello.static = message[32:80]
    answer.server_hello.payload = message[80:]
    framed, client_end = client.finish(answer.SerializeToString(), b"login")
    finish = HandshakeMessage.FromString(body(framed)).client_finish
    assert responder.read("s se", finish.static + finish.payload) == b"login"
    assert responder.remote["s"] == CLIENT.public
    incoming, outgoing = responder.state.split()
    assert client_end.open(body(Transport(outgoing, incoming).seal(b"down"))) == b"down"


def test_the_server_follows_the_pattern_with_no_payload_in_the_first_message() -> None:
    initiator = NoiseXX(SymmetricState(PROLOGUE), CLIENT, KeyPair.generate(), True)
    initiator.state.mix_hash(initiator.ephemeral.public)
    first, last = HandshakeMessage(), HandshakeMessage()
    first.client_hello.ephemeral = initiator.ephemeral.public
    server = ServerHandshake(IDENTITY, PROLOGUE)
    answer = HandshakeMessage.FromString(server.hello(first.SerializeToString())).server_hello
    assert initiator.read("e ee s es", answer.ephemeral + answer.static + answer.payload) == IDENTITY.chain
    message = initiator.write("s se", b"login")
    last.client_finish.static, last.client_finish.payload = message[:48], message[48:]
    static, payload, server_end = server.finish(last.SerializeToString())
    assert (static, payload) == (CLIENT.public, b"login")
    outgoing, incoming = initiator.state.split()
    assert server_end.open(body(Transport(outgoing, incoming).seal(b"up"))) == b"up"


@pytest.mark.parametrize(
    ("root", "now"),
    [
        (WHATSAPP_ROOT, NOW),
        (KeyPair.generate().public, NOW),
        (IDENTITY.root_public, 0),
        (IDENTITY.root_public, 1 << 40),
    ],
)
def test_a_client_refuses_a_server_nobody_it_trusts_vouches_for(root: bytes, now: int) -> None:
    with pytest.raises(HandshakeFailed, match="certificate"):
        shake_hands(client=ClientHandshake(CLIENT, root, now))


def test_a_server_with_a_stolen_chain_is_refused() -> None:
    thief = ServerIdentity(IDENTITY.root_public, KeyPair.generate(), IDENTITY.chain)
    with pytest.raises(HandshakeFailed, match="another server key"):
        shake_hands(server=ServerHandshake(thief, PROLOGUE))


def test_a_different_prologue_is_noticed() -> None:
    with pytest.raises(HandshakeFailed):
        shake_hands(server=ServerHandshake(IDENTITY, b"WA\x06\x02"))


def flipping(bit: int) -> Callable[[bytes], bytes]:
    def flip(message: bytes) -> bytes:
        flipped = bytearray(message)
        flipped[bit // 8 % len(flipped)] ^= 1 << bit % 8
        return bytes(flipped)

    return flip


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["client_hello", "server_hello", "client_finish"]), st.integers(0, 8 * 4096))
def test_no_bit_of_the_handshake_may_flip(message: str, bit: int) -> None:
    with pytest.raises(HandshakeFailed):
        shake_hands(tamper={message: flipping(bit)})


def with_low_order_key(message: bytes) -> bytes:
    parsed = HandshakeMessage.FromString(message)
    hello = parsed.server_hello if parsed.HasField("server_hello") else parsed.client_hello
    hello.ephemeral = bytes(32)
    return parsed.SerializeToString()


@pytest.mark.parametrize("message", ["client_hello", "server_hello", "client_finish"])
@pytest.mark.parametrize("garbage", [b"", b"\xff", b"\x12\x00", b"\x1a\x00", b"\x22\x00", bytes(100)])
def test_garbage_instead_of_a_message_is_refused(message: str, garbage: bytes) -> None:
    with pytest.raises(HandshakeFailed):
        shake_hands(tamper={message: lambda _: garbage})


@pytest.mark.parametrize("message", ["client_hello", "server_hello"])
def test_an_ephemeral_key_of_low_order_is_refused(message: str) -> None:
    with pytest.raises(HandshakeFailed, match="low order"):
        shake_hands(tamper={message: with_low_order_key})


def test_a_damaged_replayed_or_reordered_frame_is_refused_and_the_right_one_still_opens() -> None:
    _, _, client, server = shake_hands()
    first, second = body(client.seal(b"first")), body(client.seal(b"second"))
    for wrong in (second, first[:-1], b"", first + b"!", flipping(3)(first)):
        with pytest.raises(MalformedFrame):
            server.open(wrong)
    assert server.open(first) == b"first"
    with pytest.raises(MalformedFrame):
        server.open(first)
    assert server.open(second) == b"second"


def test_a_body_too_long_for_a_frame_is_refused_and_the_next_one_still_goes() -> None:
    _, _, client, server = shake_hands()
    with pytest.raises(MalformedFrame):
        client.seal(bytes(MAX_FRAME - 15))
    assert server.open(body(client.seal(b"next"))) == b"next"


def test_the_symmetric_state_refuses_a_changed_transcript() -> None:
    ours, theirs = SymmetricState(b"one"), SymmetricState(b"two")
    for state in (ours, theirs):
        state.mix_key(bytes(32))
    with pytest.raises(DecryptionFailed):
        theirs.decrypt(ours.encrypt(b"text"))
