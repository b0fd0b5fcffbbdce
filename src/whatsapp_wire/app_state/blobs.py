"""Files of the app state on the media hosts: snapshots, and mutations too many for a stanza."""

from typing import Final

from google.protobuf.message import DecodeError

from whatsapp_wire.errors import AppStateDamaged
from whatsapp_wire.media.content import MediaFile, is_direct_path
from whatsapp_wire.media.keys import MEDIA_KEY_SIZE
from whatsapp_wire.media.kinds import MediaKind
from whatsapp_wire.media.opening import MediaSecret
from whatsapp_wire.proto.app_state_pb2 import ExternalBlobReference

MAX_BLOB: Final = 64 << 20
"""Bytes of the largest file that is taken."""

_HASH_SIZE: Final = 32


def parse_reference(blob: bytes) -> ExternalBlobReference:
    """Read what a `snapshot` node holds. Raises AppStateDamaged."""
    try:
        return ExternalBlobReference.FromString(blob)
    except DecodeError as error:
        raise AppStateDamaged("the reference to a file is not a protobuf") from error


def file_of(reference: ExternalBlobReference) -> MediaFile:
    """The file that is meant. Raises AppStateDamaged when it cannot be got or checked, or is too large."""
    has_hashes = len(reference.file_sha256) == len(reference.file_enc_sha256) == _HASH_SIZE
    if not has_hashes or len(reference.media_key) != MEDIA_KEY_SIZE or not is_direct_path(reference.direct_path):
        raise AppStateDamaged("the reference to a file is incomplete")
    if reference.file_size_bytes > MAX_BLOB:
        raise AppStateDamaged("a file of the app state is too large")
    secret = MediaSecret(
        MediaKind.APP_STATE,
        reference.media_key,
        reference.file_sha256,
        reference.file_enc_sha256,
        reference.file_size_bytes,
    )
    return MediaFile(secret, reference.direct_path)


def reference_to(file: MediaFile) -> ExternalBlobReference:
    """The inverse of `file_of`."""
    secret = file.secret
    return ExternalBlobReference(
        media_key=secret.media_key,
        direct_path=file.direct_path,
        file_size_bytes=secret.size or 0,
        file_sha256=secret.sha256,
        file_enc_sha256=secret.enc_sha256,
    )
