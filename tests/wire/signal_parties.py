"""Two devices that speak Signal, for the tests of sessions."""

from dataclasses import dataclass, field

from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import NoSession
from whatsapp_wire.signal import session
from whatsapp_wire.signal.prekeys import PreKey, PreKeyBundle, SignedPreKey

REGISTRATION_ID = 77


@dataclass(slots=True)
class Party:
    """One device: its keys, and the record of its session with the other one."""

    identity: KeyPair = field(default_factory=KeyPair.generate)
    signed: SignedPreKey = field(init=False)
    prekeys: dict[int, KeyPair] = field(default_factory=dict)
    record: bytes | None = None
    published: int = 0

    def __post_init__(self) -> None:
        self.signed = SignedPreKey.generate(1, self.identity)

    def bundle(self, with_prekey: bool = True) -> PreKeyBundle:
        """What the server would hand out; every bundle takes a prekey of its own."""
        self.published += with_prekey
        prekey = PreKey.generate(self.published) if with_prekey else None
        if prekey is not None:
            self.prekeys[prekey.id] = prekey.key
        return PreKeyBundle(
            registration_id=REGISTRATION_ID,
            identity=self.identity.public,
            signed_prekey_id=self.signed.id,
            signed_prekey=self.signed.key.public,
            signature=self.signed.signature,
            prekey_id=prekey.id if prekey is not None else None,
            prekey=prekey.key.public if prekey is not None else None,
        )

    def initiate(self, other: "Party", with_prekey: bool = True) -> None:
        """Start a (new) session."""
        self.record = session.initiate(self.identity, other.bundle(with_prekey), self.record)

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        """Kind and ciphertext of the next message."""
        done = session.encrypt(self.record, self.identity, REGISTRATION_ID, plaintext)
        self.record = done.record
        return done.kind, done.ciphertext

    def open(self, kind: str, ciphertext: bytes) -> tuple[bytes, bytes, int | None]:
        """Plaintext, new record and used prekey, without storing anything."""
        if kind == "msg":
            done = session.decrypt(self.record, self.identity, ciphertext)
            return done.plaintext, done.record, None
        ids = session.prekey_ids(ciphertext)
        signed = self.signed.key if ids.signed_prekey_id == self.signed.id else None
        prekey = self.prekeys.get(ids.prekey_id) if ids.prekey_id is not None else None
        first = session.decrypt_prekey(self.record, self.identity, ciphertext, signed, prekey)
        return first.plaintext, first.record, first.used_prekey_id

    def decrypt(self, kind: str, ciphertext: bytes) -> bytes:
        """The plaintext; the record moves and a used prekey is gone."""
        plaintext, self.record, used = self.open(kind, ciphertext)
        if used is not None:
            del self.prekeys[used]
        return plaintext

    def stored(self) -> bytes:
        """The record, which must be there."""
        if self.record is None:
            raise NoSession
        return self.record


def acquainted() -> tuple[Party, Party]:
    """Two parties with a session in which both have spoken."""
    alice, bob = Party(), Party()
    alice.initiate(bob)
    bob.decrypt(*alice.encrypt(b"hello"))
    alice.decrypt(*bob.encrypt(b"hi"))
    return alice, bob
