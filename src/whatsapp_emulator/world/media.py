"""Media: who may upload, what is handed out, and how a phone uploads a file again that is gone."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Final

from whatsapp_emulator.world import pictures
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.composing import NoSuchMessage, find_message
from whatsapp_emulator.world.replies import Reply
from whatsapp_emulator.world.shelf import Grant, MediaRefused, StoredFile
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import DecryptionFailed
from whatsapp_wire.media.content import MediaDetails, MediaFile, read_media
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.media.retry import RetryAnswer, RetryResult, SealedRetry, open_request, seal_answer
from whatsapp_wire.node import Node
from whatsapp_wire.stanza.media import (
    MediaConnection,
    MediaMessage,
    connection_node,
    parse_retry_receipt,
    retried_children,
)

_UPLOAD_WORDS: Final = frozenset(kind.upload_word for kind in MediaKind)
_EXPIRED: Final = 410
_GONE: Final = (404, _EXPIRED)
_HASH_SIZE: Final = 32


class NoMedia(LookupError):
    """The message has no file, or does not say how to read it."""


def answer_connection(state: State, device: Device, iq: Node) -> Reply:
    """Tell a device the hosts, and give it a word for uploads."""
    ttl_s = int(state.faults.media_ttl_s)
    auth = state.media.grant(device.label, state.now + ttl_s, state.entropy)
    return Reply([connection_node(MediaConnection(auth, ttl_s, ttl_s, state.media.hosts))])


class MediaHosts:
    """The hosts as their door and the phones use them. All share one shelf."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def largest(self) -> int:
        """Bytes that an upload may have."""
        return self._state.faults.media_max

    def named(self, hosts: tuple[str, ...]) -> None:
        """Say by which names, and ports, clients reach the hosts: the best first."""
        self._state.media.hosts = hosts

    def open(self, host: str) -> None:
        """Let a request to a host in. Raises MediaRefused (503) when a fault has it down."""
        if host in self._state.media.hosts[: self._state.faults.media_hosts_down]:
            self._state.audit.counts["media host down"] += 1
            raise MediaRefused(503, "the host is down")

    def admit(self, auth: str, kind: str, token: str) -> Grant:
        """Let an upload in before its bytes are read. Raises MediaRefused."""
        if kind not in _UPLOAD_WORDS:
            raise MediaRefused(404, "there is no such kind of media")
        grant = self._state.media.granted(auth, self._state.now)
        if len(_hash(token)) != _HASH_SIZE:
            raise MediaRefused(400, "the token is not a SHA-256")
        return grant

    def take(self, grant: Grant, token: str, blob: str, enc_sha256: bytes, size: int) -> StoredFile:
        """Take an upload whose bytes have come. Raises MediaRefused (400) for a hash that is not the token's."""
        if _hash(token) != enc_sha256:
            self.blame(grant.label, "an upload has another hash than its token")
            raise MediaRefused(400, "the hash is wrong")
        self._state.audit.counts["media uploads"] += 1
        return _shelve(self._state, blob, enc_sha256, size)

    def url_of(self, stored: StoredFile, host: str) -> str:
        """Where a file is on one host."""
        return f"https://{host}{stored.direct_path}&mms3=true"

    def shelve(self, secret: MediaSecret, blob: str, size: int) -> MediaFile:
        """Lay what a phone encrypted (`size` bytes of it) on the hosts, with a key that was made just now."""
        stored = _shelve(self._state, blob, secret.enc_sha256, size)
        return MediaFile(secret, stored.direct_path, self.url_of(stored, self._state.media.hosts[0]), self._state.stamp)

    def picture(self, path: str) -> bytes | None:
        """The picture of a person or group at a path, for whoever knows it."""
        return pictures.find(self._state, path)

    def look_up(self, direct_path: str) -> StoredFile:
        """The file that somebody asks for. Raises MediaRefused: 404, or how it is gone."""
        stored = self._state.media.find(direct_path)
        if stored is None:
            raise MediaRefused(404, "there is no such file")
        if stored.gone_as is not None or stored.expires_at < self._state.now:
            self._state.audit.counts["media gone"] += 1
            raise MediaRefused(stored.gone_as or _EXPIRED, "the file is gone")
        self._state.audit.counts["media downloads"] += 1
        return stored

    def expire(self, status: int) -> int:
        """Make everything on the hosts gone, as HTTP status 404 or 410; returns how many files. Raises ValueError."""
        if status not in _GONE:
            raise ValueError("what is gone is gone as 404 or 410")
        return self._state.media.expire(status)

    def revoke(self) -> None:
        """End every word for uploads, whatever was promised."""
        self._state.media.revoke()

    def blame(self, who: str, detail: str) -> None:
        """Record that a device's file is not what it should be."""
        self._state.audit.violate("bad_media", who, detail, self._state.now)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A message's file, how to show it, and the device that sent it, as ``phone:device`` (or its address)."""

    file: MediaFile
    details: MediaDetails
    sender: str


def file_of(state: State, account: Account, id: str) -> SentFile:
    """The file of a message that a phone has shown or sent. Raises NoSuchMessage, NoMedia."""
    shown = find_message(account, id)
    media = read_media(shown.message)
    if media is None or media.file is None:
        raise NoMedia(id)
    device = state.directory.device(shown.sender)
    return SentFile(media.file, media.details, shown.sender if device is None else device.label)


def hear_retry(state: State, device: Device, receipt: Node) -> None:
    """A companion asks its phone for a file that it cannot get. Raises StanzaRefused."""
    about, asked = parse_retry_receipt(receipt)
    state.audit.counts["media retries"] += 1
    answer = _answer(state, device, about, asked)
    state.notify(device, "mediaretry", device.account, retried_children(about, answer), id=about.id)


def _answer(state: State, device: Device, about: MediaMessage, asked: SealedRetry) -> SealedRetry | RetryResult:
    try:
        file = file_of(state, device.account, about.id).file
    except (NoSuchMessage, NoMedia):
        return RetryResult.NOT_FOUND
    key = file.secret.media_key
    try:
        open_request(key, about.id, asked)
    except DecryptionFailed as error:
        state.audit.violate("bad_media", device.label, f"a request for the file of {about.id}: {error}", state.now)
        return RetryResult.DECRYPTION_ERROR
    stored = state.media.find(file.direct_path)
    if stored is None or not device.account.handset.keeps_media:
        return RetryResult.NOT_FOUND
    again = _shelve(state, stored.blob, stored.enc_sha256, stored.size)
    return seal_answer(key, about.id, RetryAnswer(RetryResult.SUCCESS, again.direct_path))


def _shelve(state: State, blob: str, enc_sha256: bytes, size: int) -> StoredFile:
    return state.media.put(blob, enc_sha256, size, state.now + state.faults.media_life_s, state.entropy)


def _hash(token: str) -> bytes:
    """The hash in a token, with or without padding; empty when it is none."""
    try:
        return urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (NotBase64, ValueError):
        return b""
