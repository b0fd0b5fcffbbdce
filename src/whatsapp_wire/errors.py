"""Everything this package raises about bytes that came from outside.

WireError
├── MalformedFrame        a transport frame that cannot be framed, or fails authentication
├── MalformedNode         a stanza that is not a binary node, or that the format cannot carry
├── MalformedJid          text that is not an address
├── InvalidKey            a Curve25519 key that is not 32 bytes, or has low order
├── DecryptionFailed      ciphertext that does not open under its key
├── HandshakeFailed       the Noise handshake or the server's certificate chain
├── PairingRefused        the other side will not link this device (code, text)
├── StanzaRefused         a stanza lacks what its kind must have
├── MediaDamaged          a media file is cut short, forged, or not the one that was announced
├── AppStateDamaged       a snapshot or patch of the app state is forged, incomplete, or not the one that follows
├── AppStateKeyMissing    a key of the app state is not at hand (key_id)
└── SignalError
    ├── DuplicateMessage  this message key was used before
    ├── NoSession         there is no session that could read or write this
    ├── BadMac            the message was forged, damaged, or is for another session
    ├── MalformedCiphertext
    ├── MissingPreKey     the message needs a one-time prekey that is gone (id)
    ├── BadBundle         a prekey bundle whose signature or keys do not hold
    └── TooFarAhead       the counter skips more messages than may be stored
"""


class WireError(Exception):
    """Bytes from outside do not follow the protocol; nothing was changed by reading them."""


class MalformedFrame(WireError):
    """A transport frame is longer than its length field can say, or fails authentication."""


class MalformedNode(WireError):
    """A stanza is not a binary node, is larger than the decoder allows, or cannot be expressed in the format."""


class MalformedJid(WireError, ValueError):
    """A text is not an address of the form ``user[:device]@server``."""


class InvalidKey(WireError, ValueError):
    """A Curve25519 key is not 32 bytes long, or is a point of low order."""


class DecryptionFailed(WireError):
    """A ciphertext has an impossible length, wrong padding, or a tag that does not match."""


class HandshakeFailed(WireError):
    """The Noise handshake or the server's certificate chain did not hold."""


class PairingRefused(WireError):
    """The other side will not link this device.

    ``code`` and ``text`` are the ones the companion answers to the server's ``pair-success``.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class StanzaRefused(WireError):
    """A stanza lacks an attribute, child or content that its kind must have."""


class MediaDamaged(WireError):
    """A media file is cut short or too long, or its MAC, its padding or one of its hashes is wrong."""


class AppStateDamaged(WireError):
    """A snapshot or patch does not follow upon what is known, or something in it is not authentic."""


class AppStateKeyMissing(WireError):
    """Something of the app state is encrypted with a key that was not shared with us; ``key_id`` names it."""

    def __init__(self, key_id: bytes) -> None:
        super().__init__(key_id.hex())
        self.key_id = key_id


class SignalError(WireError):
    """A Signal session cannot read or write this message; its record is unchanged."""


class DuplicateMessage(SignalError):
    """The key of this message was used before, so it has been read already."""


class NoSession(SignalError):
    """There is no session with this device (or no sender key for this group member)."""


class BadMac(SignalError):
    """No session key authenticates this message."""


class MalformedCiphertext(SignalError):
    """A Signal message has the wrong version, misses a field, or is not a protobuf."""


class MissingPreKey(SignalError):
    """The message was encrypted to a prekey this device does not hold; ``id`` is the prekey's number."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.id = id


class BadBundle(SignalError):
    """A prekey bundle carries an invalid key, or a signature that its identity key did not make."""


class TooFarAhead(SignalError):
    """The message's counter skips more messages than a receiver may keep keys for."""
