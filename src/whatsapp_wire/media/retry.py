"""Asking the phone for a file that is gone from the server, and its answer; both encrypted with the media key.

Facts: whatsmeow `mediaretry.go`, Baileys `Utils/messages-media.ts`.
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from google.protobuf.message import DecodeError

from whatsapp_wire.crypto.ciphers import aes_gcm_decrypt, aes_gcm_encrypt
from whatsapp_wire.crypto.kdf import hkdf
from whatsapp_wire.errors import DecryptionFailed
from whatsapp_wire.proto.media_pb2 import MediaRetryNotification, ServerErrorReceipt

NONCE_SIZE: Final = 12

_INFO: Final = b"WhatsApp Media Retry Notification"
_KEY_SIZE: Final = 32


class RetryResult(StrEnum):
    """What became of a request."""

    SUCCESS = "success"
    NOT_FOUND = "not_found"
    """The phone does not have the file any more."""

    DECRYPTION_ERROR = "decryption_error"
    """The phone could not read the request: it has another key for that message."""

    GENERAL_ERROR = "general_error"


_RESULTS: Final = {
    RetryResult.SUCCESS: int(MediaRetryNotification.SUCCESS),
    RetryResult.NOT_FOUND: int(MediaRetryNotification.NOT_FOUND),
    RetryResult.DECRYPTION_ERROR: int(MediaRetryNotification.DECRYPTION_ERROR),
    RetryResult.GENERAL_ERROR: int(MediaRetryNotification.GENERAL_ERROR),
}
_BY_NUMBER: Final = {number: result for result, number in _RESULTS.items()}


@dataclass(frozen=True, slots=True)
class SealedRetry:
    """A request or an answer, encrypted with AES-256-GCM; the message's id is authenticated with it."""

    ciphertext: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class RetryAnswer:
    """What the phone answered; with success comes the path of the new upload, whose key and hashes are the old ones."""

    result: RetryResult
    direct_path: str | None = None


def seal_request(media_key: bytes, message_id: str) -> SealedRetry:
    """Ask for the file of a message."""
    return _seal(media_key, message_id, ServerErrorReceipt(stanza_id=message_id).SerializeToString())


def open_request(media_key: bytes, message_id: str, sealed: SealedRetry) -> None:
    """Check a request, as the phone does; raises DecryptionFailed when it is not about this message."""
    try:
        asked = ServerErrorReceipt.FromString(_open(media_key, message_id, sealed))
    except DecodeError as error:
        raise DecryptionFailed("the request for a file is not a protobuf") from error
    if asked.stanza_id != message_id:
        raise DecryptionFailed("the request for a file names another message")


def seal_answer(media_key: bytes, message_id: str, answer: RetryAnswer) -> SealedRetry:
    """Answer a request, as the phone does."""
    told = MediaRetryNotification(stanza_id=message_id, direct_path=answer.direct_path, result=_RESULTS[answer.result])
    return _seal(media_key, message_id, told.SerializeToString())


def open_answer(media_key: bytes, message_id: str, sealed: SealedRetry) -> RetryAnswer:
    """Read the phone's answer; raises DecryptionFailed. A result that is not known here counts as a general error."""
    try:
        told = MediaRetryNotification.FromString(_open(media_key, message_id, sealed))
    except DecodeError as error:
        raise DecryptionFailed("the answer to a request for a file is not a protobuf") from error
    result = _BY_NUMBER.get(told.result, RetryResult.GENERAL_ERROR)
    if result is RetryResult.SUCCESS and not told.direct_path:
        return RetryAnswer(RetryResult.GENERAL_ERROR)
    return RetryAnswer(result, told.direct_path or None)


def result_of_code(code: int) -> RetryResult:
    """What the code of an unencrypted `error` in the phone's answer means (the numbers are those of the protobuf)."""
    return _BY_NUMBER.get(code, RetryResult.GENERAL_ERROR)


def code_of_result(result: RetryResult) -> int:
    """The code for a result, when the phone cannot encrypt its answer."""
    return _RESULTS[result]


def _key(media_key: bytes) -> bytes:
    return hkdf(media_key, _INFO, _KEY_SIZE)


def _seal(media_key: bytes, message_id: str, plaintext: bytes) -> SealedRetry:
    nonce = os.urandom(NONCE_SIZE)
    return SealedRetry(aes_gcm_encrypt(_key(media_key), nonce, plaintext, message_id.encode()), nonce)


def _open(media_key: bytes, message_id: str, sealed: SealedRetry) -> bytes:
    if len(sealed.nonce) != NONCE_SIZE:
        raise DecryptionFailed("the nonce is not 12 bytes")
    return aes_gcm_decrypt(_key(media_key), sealed.nonce, sealed.ciphertext, message_id.encode())
