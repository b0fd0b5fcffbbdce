"""What carries a machine's wishes out, when it is told to stop in the middle of them."""

from __future__ import annotations

import gc
import warnings

from wagate.adapters.engines.native.shell import LineShell
from wagate.adapters.vault.memory import MemoryStorage, MemoryVault
from wagate.domain.ids import SessionId
from whatsapp_wire.media.content import MediaFile


async def test_what_was_not_begun_yet_is_left_without_a_trace() -> None:
    async def download(file: MediaFile, limit: int) -> bytes:
        raise AssertionError("nobody asks for a file")

    heard: list[object] = []
    vault = MemoryVault(MemoryStorage(), SessionId("ses_1"))
    shell = LineShell(vault, heard.append, heard.append, download)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shell.load([("kind", "1")], lambda *told: heard.append(told))
        shell.list("kind", lambda *told: heard.append(told))
        shell.compute(lambda: heard.append("computed"), lambda *told: heard.append(told))
        await shell.retire()
        gc.collect()
    assert heard == []
