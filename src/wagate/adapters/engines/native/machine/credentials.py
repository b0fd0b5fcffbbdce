"""Who we are: the keys of this device, and the addresses that pairing gave it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field

from wagate.domain.session import Me
from wagate.ports.vault import RecordUnreadable
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import Jid
from whatsapp_wire.signal.prekeys import SignedPreKey
from whatsapp_wire.stanza.source import Own

_MAX_REGISTRATION_ID = 16380


@dataclass(frozen=True, slots=True)
class DatedPreKey:
    """A signed prekey and when it was made (seconds)."""

    prekey: SignedPreKey
    made_at: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys of one linked device. ``own`` is None until a phone linked it.

    ``signed_prekeys`` has the current one last; the others answer messages that were encrypted before a rotation.
    One-time prekeys below ``next_prekey`` exist; those from ``first_unpublished`` on are not known to be on the server.
    ``voucher`` is the account's signed statement about this device, ``account_identity`` the phone's identity key.
    """

    noise: KeyPair
    identity: KeyPair
    registration_id: int
    adv_secret: bytes = field(repr=False)
    signed_prekeys: tuple[DatedPreKey, ...]
    own: Own | None = None
    voucher: bytes = b""
    account_identity: bytes = b""
    platform: str | None = None
    name: str | None = None
    next_prekey: int = 1
    first_unpublished: int = 1

    @classmethod
    def create(cls, now: int) -> Credentials:
        """Keys for a device that is not linked yet; ``now`` in seconds."""
        identity = KeyPair.generate()
        return cls(
            noise=KeyPair.generate(),
            identity=identity,
            registration_id=secrets.randbelow(_MAX_REGISTRATION_ID) + 1,
            adv_secret=os.urandom(32),
            signed_prekeys=(DatedPreKey(SignedPreKey.generate(1, identity), now),),
        )

    @property
    def signed_prekey(self) -> SignedPreKey:
        """The one that others get from the server."""
        return self.signed_prekeys[-1].prekey

    @property
    def me(self) -> Me:
        """The account, in the product's words."""
        if self.own is None:
            return Me(None, None, self.name, self.platform)
        return Me(f"+{self.own.pn.user}", self.own.lid.bare, self.name, self.platform)

    def signed_prekey_pair(self, id: int) -> KeyPair | None:
        """The key pair of a signed prekey, current or earlier."""
        return next((dated.prekey.key for dated in self.signed_prekeys if dated.prekey.id == id), None)

    def pack(self) -> bytes:
        """The record's value."""
        fields = {
            "version": 1,
            "noise": self.noise.private.hex(),
            "identity": self.identity.private.hex(),
            "registration_id": self.registration_id,
            "adv_secret": self.adv_secret.hex(),
            "signed_prekeys": [
                [dated.prekey.id, dated.prekey.key.private.hex(), dated.prekey.signature.hex(), dated.made_at]
                for dated in self.signed_prekeys
            ],
            "own": [self.own.pn, self.own.lid] if self.own else None,
            "voucher": self.voucher.hex(),
            "account_identity": self.account_identity.hex(),
            "platform": self.platform,
            "name": self.name,
            "next_prekey": self.next_prekey,
            "first_unpublished": self.first_unpublished,
        }
        return json.dumps(fields).encode()

    @classmethod
    def unpack(cls, value: bytes) -> Credentials:
        """Read a record's value; raises RecordUnreadable."""
        try:
            fields = json.loads(value)
            return cls(
                noise=_pair(fields["noise"]),
                identity=_pair(fields["identity"]),
                registration_id=fields["registration_id"],
                adv_secret=bytes.fromhex(fields["adv_secret"]),
                signed_prekeys=tuple(
                    DatedPreKey(SignedPreKey(id, _pair(private), bytes.fromhex(signature)), made_at)
                    for id, private, signature, made_at in fields["signed_prekeys"]
                ),
                own=Own(*map(Jid, fields["own"])) if fields["own"] else None,
                voucher=bytes.fromhex(fields["voucher"]),
                account_identity=bytes.fromhex(fields["account_identity"]),
                platform=fields["platform"],
                name=fields["name"],
                next_prekey=fields["next_prekey"],
                first_unpublished=fields["first_unpublished"],
            )
        except (KeyError, TypeError, ValueError, WireError) as error:
            raise RecordUnreadable("the stored credentials are damaged") from error


def _pair(private: str) -> KeyPair:
    return KeyPair.from_private(bytes.fromhex(private))
