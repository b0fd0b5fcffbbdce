"""What encrypting and decrypting a media file costs: ``python -m bench.media_wire [MEGABYTES]`` (default 256).

In the same run, in turns: our streams, and the bare primitives. The floor is one pass of AES-256-CBC and one of
SHA-256. The protocol asks for AES and three hashes (of the file, of its encrypted form, and the MAC's), and if the file
is streamed for a fourth, the sidecar's. Pieces of 64 KiB, as they come from a socket; the medians of several turns.
"""

from __future__ import annotations

import hmac
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from statistics import median
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bench.rig import bar
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaOpener, MediaSecret
from whatsapp_wire.media.sealing import MediaSealer

TURNS: Final = 5
PIECE: Final = bytes(1 << 16)
MEGABYTE: Final = 1_000_000

_CIPHER: Final = Cipher(AES(bytes(32)), CBC(bytes(16)))


def floor(pieces: int) -> None:
    """One AES and one SHA-256."""
    cipher, digest = _CIPHER.encryptor(), sha256()
    for _ in range(pieces):
        digest.update(PIECE)
        cipher.update(PIECE)


def primitives(cipher: CipherContext, pieces: int) -> None:
    """The primitives that the protocol asks for, and nothing around them."""
    plain, sealed, mac = sha256(), sha256(), hmac.new(bytes(32), bytes(16), "sha256")
    for _ in range(pieces):
        plain.update(PIECE)
        passed = cipher.update(PIECE)
        mac.update(passed)
        sealed.update(passed)


def encrypt(kind: MediaKind, pieces: int) -> None:
    """What an upload does, twice."""
    sealer = MediaSealer(bytes(32), kind)
    for _ in range(pieces):
        sealer.update(PIECE)
    sealer.finish()


class Decryption:
    """What a download does, on a file made beforehand."""

    def __init__(self, pieces: int) -> None:
        sealer = MediaSealer(bytes(32), MediaKind.DOCUMENT)
        self._sealed = [sealer.update(PIECE) for _ in range(pieces)]
        last, told = sealer.finish()
        self._sealed.append(last)
        self._secret = MediaSecret(MediaKind.DOCUMENT, bytes(32), told.sha256, told.enc_sha256, told.size)

    def run(self, _pieces: int) -> None:
        """Decrypt and prove."""
        opener = MediaOpener(self._secret)
        for piece in self._sealed:
            opener.update(piece)
        opener.finish()


def main(megabytes: int) -> None:
    """Measure in turns, so that what else the machine does hits all alike."""
    pieces = megabytes * MEGABYTE // len(PIECE)
    ways: dict[str, Callable[[int], None]] = {
        "floor: AES, one SHA-256": floor,
        "primitives of encryption": lambda count: primitives(_CIPHER.encryptor(), count),
        "primitives of decryption": lambda count: primitives(_CIPHER.decryptor(), count),
        "encrypt": lambda count: encrypt(MediaKind.DOCUMENT, count),
        "encrypt with a sidecar": lambda count: encrypt(MediaKind.VIDEO, count),
        "decrypt": Decryption(pieces).run,
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            began, cpu = time.perf_counter(), time.process_time()
            way(pieces)
            spent[name].append((time.perf_counter() - began, time.process_time() - cpu))
    size = pieces * len(PIECE) / MEGABYTE
    costs = {}
    for name, runs in spent.items():
        seconds, costs[name] = (median(run[part] for run in runs) for part in (0, 1))
        sys.stdout.write(f"{name:32} {size / seconds:7.0f} MB/s {costs[name] / size * 1000:7.3f} ms CPU per MB\n")
    for name in ("encrypt", "decrypt"):
        least = costs[f"primitives of {name}ion"]
        bar(f"{name}, CPU beside the primitives alone", costs[name] / least, 1.25, "times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 256)
