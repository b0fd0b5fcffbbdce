"""Key derivation: HMAC-SHA256 and HKDF-SHA256 (RFC 5869)."""

import hmac

HASH_SIZE = 32


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    return hmac.digest(key, data, "sha256")


def hkdf(key_material: bytes, info: bytes, length: int, salt: bytes | None = None) -> bytes:
    """HKDF-SHA256: extract with ``salt`` (32 zero bytes when absent), expand to ``length`` bytes (at most 8160)."""
    if length > 255 * HASH_SIZE:
        raise ValueError("HKDF-SHA256 gives at most 8160 bytes")
    key = hmac_sha256(salt or bytes(HASH_SIZE), key_material)
    block = output = b""
    for counter in range(1, -(-length // HASH_SIZE) + 1):
        block = hmac_sha256(key, block + info + bytes((counter,)))
        output += block
    return output[:length]
