"""What is kept of uploads: neither a crash nor another message makes a second one of the same file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Commit, Flow, Load
from wagate.adapters.whatsapp_web.files import Upload

UPLOAD: Final = "upload"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What there is already of a message with a file: it is written, or its file was uploaded lately."""

    is_written: bool
    upload: Upload | None


def prepared(us: Device, wa_id: str, address: str) -> Flow[Prepared]:
    """Look what there is. Raises the vault's error."""
    yield Load((("sent", wa_id), (UPLOAD, address)))
    kept = us.shell.get(UPLOAD, address)
    upload = None if kept is None else Upload.unpack(kept)
    if upload is not None and not upload.is_good(us.shell.now()):
        upload = None
    return Prepared(us.shell.get("sent", wa_id) is not None, upload)


def keep(us: Device, address: str, upload: Upload) -> Flow[None]:
    """Remember an upload, so that neither a crash nor another message makes a second one. Raises the vault's error."""
    step = us.step()
    step.put(UPLOAD, address, upload.pack())
    yield Commit(step)
