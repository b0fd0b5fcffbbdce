"""What one client said in each act, in normal form, from the emulator's recording."""

from __future__ import annotations

import json
import re
from hashlib import md5
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from judges.parity.forms import Cast, Form, of_node, of_protobuf
from whatsapp_emulator.recorder import Record, read_recording
from whatsapp_wire.encoding import encode
from whatsapp_wire.node import Node
from whatsapp_wire.proto.transport_pb2 import ClientPayload, DeviceProps

_LOGIN, _REGISTRATION = "login payload", "registration payload"

_SECRET: Final = re.compile(r"[\w-]{32,}=*")
_WORDS: Final = ("auth", "token", "hash", "oh", "oe")
"""What is another one each time."""

_HEADERS: Final = ("origin", "referer", "content-type", "content-length", "transfer-encoding", "range")

Said = dict[str, list[Form]]
"""What was said in each act, in order."""


def by_act(path: Path, without: str) -> dict[str, list[Record]]:
    """The stanzas and payloads of a recording under the marks that stand before them, but for those of one phone."""
    acts: dict[str, list[Record]] = {}
    for record in read_recording(path):
        if record.kind == "mark":
            acts[record.text] = []
        elif not record.who.startswith(f"{without}:"):
            acts[next(reversed(acts))].append(record)
    return acts


def said(acts: dict[str, list[Record]], cast: Cast) -> Said:
    """The forms of everything recorded, but for pings: they come when the clock says so."""
    return {act: [form_of(record, cast) for record in records if not is_ping(record)] for act, records in acts.items()}


def form_of(record: Record, cast: Cast) -> Form:
    """The form of one line of a recording."""
    if record.kind == "http":
        return of_request(record.text)
    return of_node(record.node, cast) if record.kind == "stanza" else of_payload(record.raw, cast)


def of_request(text: str) -> Form:
    """The form of a request to a media host: its URL, and the headers that are not the HTTP library's own."""
    told = json.loads(text)
    url = urlsplit(told["target"])
    named = [name if name in _WORDS else f"{name}={value}" for name, value in parse_qsl(url.query, True)]
    headers = {name.lower(): value for name, value in told["headers"]}
    attrs = {"method": told["method"], "path": _SECRET.sub("[…]", url.path), "query": "&".join(named)}
    attrs |= {name: headers[name] for name in _HEADERS if name in headers}
    return Form("http", tuple(sorted(attrs.items())))


def of_payload(raw: bytes, cast: Cast) -> Form:
    """The form of a client payload: ``login payload`` or ``registration payload``."""
    payload = ClientPayload.FromString(raw)
    name = _LOGIN if payload.HasField("username") else _REGISTRATION
    pairing = payload.device_pairing_data
    props = of_protobuf("device_props", DeviceProps.FromString(pairing.device_props), cast)
    build = Form("build_hash", content=_build(payload))
    pairing.ClearField("device_props")
    pairing.ClearField("build_hash")
    form = of_protobuf(name, payload, cast)
    return form if name == _LOGIN else Form(form.tag, children=(*form.children, build, props))


def _build(payload: ClientPayload) -> str:
    version = payload.user_agent.app_version
    text = f"{version.primary}.{version.secondary}.{version.tertiary}"
    is_of_version = payload.device_pairing_data.build_hash == md5(text.encode(), usedforsecurity=False).digest()
    return "[MD5 of the version]" if is_of_version else "[something else]"


def is_ping(record: Record) -> bool:
    """Whether a record is a keep-alive."""
    return record.kind == "stanza" and record.node.tag == "iq" and record.node.get("xmlns") == "w:p"


def altered(acts: dict[str, list[Record]]) -> list[Node]:
    """The stanzas that are not the same bytes any more when our codec has read and written them."""
    stanzas = [record for records in acts.values() for record in records if record.kind == "stanza"]
    return [record.node for record in stanzas if encode(record.node) != record.raw]
