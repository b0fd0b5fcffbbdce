"""What the neonize driver can be asked to say beyond words: any message by its fields, with a file uploaded for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message as ProtobufMessage
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message
from neonize.utils.enum import MediaType

_MEDIA = {
    "image": MediaType.MediaImage,
    "video": MediaType.MediaVideo,
    "audio": MediaType.MediaAudio,
    "document": MediaType.MediaDocument,
}
_UPLOADED = {
    "URL": "url",
    "directPath": "DirectPath",
    "mediaKey": "MediaKey",
    "fileEncSHA256": "FileEncSHA256",
    "fileSHA256": "FileSHA256",
    "fileLength": "FileLength",
}
_SECRET = ("eventMessage", "pollCreationMessage")
"""What is answered with a secret."""


def made(client: Any, command: dict[str, Any]) -> tuple[Any, bool]:
    """The message for a command's ``fields``, and whether the library is to give it a secret.

    Raises KeyError for a field that the library's own definitions lack.
    """
    message = Message()
    _fill(message, command["fields"])
    if "path" in command:
        uploaded = client.upload(Path(command["path"]).read_bytes(), _MEDIA[command["medium"]])
        part = getattr(message, command["part"])
        for field, told in _UPLOADED.items():
            setattr(part, field, getattr(uploaded, told))
    return message, any(message.HasField(name) for name in _SECRET)


def _fill(message: ProtobufMessage, fields: dict[str, Any]) -> None:
    names = {field.name.lower(): field for field in message.DESCRIPTOR.fields}
    for name, value in fields.items():
        field = names[name.lower()]
        if isinstance(value, dict):
            _fill(getattr(message, field.name), value)
        elif isinstance(value, list):
            _extend(getattr(message, field.name), value)
        else:
            is_raw = field.type == FieldDescriptor.TYPE_BYTES
            setattr(message, field.name, bytes.fromhex(value) if is_raw else value)


def _extend(repeated: Any, values: list[Any]) -> None:
    for value in values:
        if isinstance(value, dict):
            _fill(repeated.add(), value)
        else:
            repeated.append(value)
