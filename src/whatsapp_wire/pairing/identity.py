"""How an account vouches for its devices ("ADV"): its identity key, the phone's, signs each of them.

The companion checks what the server relays (`accept_pair_success`, `verify_key_index_list`), the phone makes it
(`sign_device_identity`, `sign_key_index_list`). Facts: whatsmeow `pair.go`; the prefixes separate what is signed.
"""

import hmac
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from whatsapp_wire.crypto.kdf import hmac_sha256
from whatsapp_wire.crypto.keys import KeyPair, verify
from whatsapp_wire.errors import PairingRefused, WireError
from whatsapp_wire.proto.adv_pb2 import (
    DeviceIdentity,
    KeyIndexList,
    SignedDeviceIdentity,
    SignedDeviceIdentityHmac,
    SignedKeyIndexList,
)

ACCOUNT_SIGNATURE: Final = b"\x06\x00"
DEVICE_SIGNATURE: Final = b"\x06\x01"
KEY_INDEX_LIST_SIGNATURE: Final = b"\x06\x02"
HOSTED_ACCOUNT_SIGNATURE: Final = b"\x06\x05"
HOSTED_DEVICE_SIGNATURE: Final = b"\x06\x06"

_PREFIX_PAIRS: Final = (
    (ACCOUNT_SIGNATURE, DEVICE_SIGNATURE),
    (HOSTED_ACCOUNT_SIGNATURE, DEVICE_SIGNATURE),
    (HOSTED_ACCOUNT_SIGNATURE, HOSTED_DEVICE_SIGNATURE),
)

_HOSTED: Final = 1

_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True, slots=True)
class PairSuccess:
    """A link that holds.

    `account` is the SignedDeviceIdentity with our own signature, to keep and to send with every `pkmsg`; `reply` is the
    same without the account's key, for `pair-device-sign`; `account_identity` is the phone's identity key, 32 bytes.
    """

    account: bytes
    reply: bytes
    key_index: int
    account_identity: bytes


@dataclass(frozen=True, slots=True)
class KeyIndexes:
    """The `key-index` of every device an account vouches for; another `raw_id` means the account began anew."""

    raw_id: int
    timestamp: int
    current: int
    valid: frozenset[int]

    def vouches_for(self, key_index: int) -> bool:
        """Whether a device with that index is linked: listed, or newer than the list."""
        return key_index in self.valid or key_index > self.current


def accept_pair_success(device_identity: bytes, adv_secret: bytes, identity: KeyPair) -> PairSuccess:
    """Check the `device-identity` of a `pair-success` and sign it as the device it is about.

    Raises PairingRefused with the code and text to answer the server with.
    """
    container = _parsed(SignedDeviceIdentityHmac(), device_identity)
    prefix = HOSTED_ACCOUNT_SIGNATURE if container.account_type == _HOSTED else b""
    if not hmac.compare_digest(hmac_sha256(adv_secret, prefix + container.details), container.hmac):
        raise PairingRefused(401, "hmac-mismatch")
    signed = _parsed(SignedDeviceIdentity(), container.details)
    details = _parsed(DeviceIdentity(), signed.details)
    vouched = _account_prefix(details.device_type) + signed.details + identity.public
    if not verify(signed.account_signature_key, vouched, signed.account_signature):
        raise PairingRefused(401, "signature-mismatch")
    account_identity = signed.account_signature_key
    signed.device_signature = identity.sign(DEVICE_SIGNATURE + signed.details + identity.public + account_identity)
    account = signed.SerializeToString()
    signed.ClearField("account_signature_key")
    return PairSuccess(account, signed.SerializeToString(), details.key_index, account_identity)


def sign_device_identity(
    account: KeyPair, companion_identity: bytes, adv_secret: bytes, details: DeviceIdentity
) -> bytes:
    """The phone's side: the `device-identity` of a `pair-success` for a companion it has just scanned."""
    plain = details.SerializeToString()
    signed = SignedDeviceIdentity(
        details=plain,
        account_signature_key=account.public,
        account_signature=account.sign(_account_prefix(details.device_type) + plain + companion_identity),
    ).SerializeToString()
    prefix = HOSTED_ACCOUNT_SIGNATURE if details.account_type == _HOSTED else b""
    container = SignedDeviceIdentityHmac(details=signed, hmac=hmac_sha256(adv_secret, prefix + signed))
    if details.account_type:
        container.account_type = details.account_type
    return container.SerializeToString()


def verify_device_signature(reply: bytes, account_identity: bytes, companion_identity: bytes) -> bool:
    """The phone's side: whether the companion signed the identity it sent back in `pair-device-sign`."""
    try:
        signed = SignedDeviceIdentity.FromString(reply)
    except DecodeError:
        return False
    message = DEVICE_SIGNATURE + signed.details + companion_identity + account_identity
    return verify(companion_identity, message, signed.device_signature)


def verify_device_identity(
    voucher: bytes, companion_identity: bytes, account_identity: bytes | None = None
) -> bytes | None:
    """The account's identity key behind the `device-identity` of a companion, or None when a signature does not hold.

    Both must hold: the account vouches for the companion's identity key, and the companion agrees to the account. A
    voucher may leave the account's key out; then `account_identity` is needed (whatsapp-rust `wacore/src/adv.rs`).
    """
    try:
        signed = SignedDeviceIdentity.FromString(voucher)
    except DecodeError:
        return None
    account = signed.account_signature_key or account_identity or b""
    vouched = signed.details + companion_identity
    for account_prefix, device_prefix in _PREFIX_PAIRS:
        if verify(account, account_prefix + vouched, signed.account_signature) and verify(
            companion_identity, device_prefix + vouched + account, signed.device_signature
        ):
            return account
    return None


def sign_key_index_list(account: KeyPair, indexes: KeyIndexes) -> bytes:
    """The phone's side: the signed list of the devices it vouches for, as `key-index-list` carries it."""
    details = KeyIndexList(
        raw_id=indexes.raw_id,
        timestamp=indexes.timestamp,
        current_index=indexes.current,
        valid_indexes=sorted(indexes.valid),
        account_type=0,
    ).SerializeToString()
    return SignedKeyIndexList(
        details=details,
        account_signature=account.sign(KEY_INDEX_LIST_SIGNATURE + details),
        account_signature_key=account.public,
    ).SerializeToString()


def verify_key_index_list(signed_list: bytes, account_identity: bytes | None = None) -> KeyIndexes:
    """Read a `key-index-list`; raise WireError unless the account's identity key signed it.

    Without a known `account_identity` the key inside the list is believed, as on first contact.
    """
    try:
        signed = SignedKeyIndexList.FromString(signed_list)
        details = KeyIndexList.FromString(signed.details)
    except DecodeError as error:
        raise WireError("the key index list is not a protobuf") from error
    key = account_identity or signed.account_signature_key
    if not verify(key, KEY_INDEX_LIST_SIGNATURE + signed.details, signed.account_signature):
        raise WireError("the key index list is not signed by the account")
    return KeyIndexes(details.raw_id, details.timestamp, details.current_index, frozenset(details.valid_indexes))


def _account_prefix(device_type: int) -> bytes:
    return HOSTED_ACCOUNT_SIGNATURE if device_type == _HOSTED else ACCOUNT_SIGNATURE


def _parsed(message: _M, serialized: bytes) -> _M:
    try:
        message.ParseFromString(serialized)
    except DecodeError as error:
        raise PairingRefused(500, "internal-error") from error
    return message
