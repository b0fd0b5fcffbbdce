"""The padding WhatsApp puts around a plaintext before it is encrypted (whatsmeow `message.go`, version 2)."""

import secrets

from whatsapp_wire.errors import MalformedCiphertext

_LONGEST = 15


def pad(plaintext: bytes) -> bytes:
    """Append 1 to 15 bytes, each holding their number, so that the length of a short text is not told exactly."""
    length = secrets.randbelow(_LONGEST) + 1
    return plaintext + bytes((length,)) * length


def unpad(padded: bytes) -> bytes:
    """Remove what `pad` added; raises MalformedCiphertext when the last bytes are no padding."""
    length = padded[-1] if padded else 0
    if not 1 <= length <= len(padded) or padded[-length:] != bytes((length,)) * length:
        raise MalformedCiphertext("the plaintext does not end in padding")
    return padded[:-length]
