"""From the media key in a message to the keys that encrypt and authenticate the file (whatsmeow `download.go`)."""

from dataclasses import dataclass, field
from typing import Final, Self

from whatsapp_wire.crypto.kdf import hkdf
from whatsapp_wire.errors import InvalidKey
from whatsapp_wire.media.kinds import MediaKind

MEDIA_KEY_SIZE: Final = 32

_IV_SIZE: Final = 16
_KEY_SIZE: Final = 32
_EXPANDED: Final = 112


@dataclass(frozen=True, slots=True)
class MediaKeys:
    """The first vector of AES-256-CBC (16 bytes), its key and the key of the MAC (32 bytes each)."""

    iv: bytes = field(repr=False)
    cipher_key: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)

    @classmethod
    def expand(cls, media_key: bytes, kind: MediaKind) -> Self:
        """Derive them from a message's media key; raise `InvalidKey` when that is not 32 bytes.

        HKDF gives 112 bytes, of which the last 32 have no use that is known.
        """
        if len(media_key) != MEDIA_KEY_SIZE:
            raise InvalidKey("a media key is 32 bytes")
        expanded = hkdf(media_key, kind.key_info, _EXPANDED)
        first, second = _IV_SIZE + _KEY_SIZE, _IV_SIZE + 2 * _KEY_SIZE
        return cls(expanded[:_IV_SIZE], expanded[_IV_SIZE:first], expanded[first:second])
