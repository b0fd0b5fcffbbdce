"""Both clients go through the acts, each against a network of its own; what they said is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from judges.client import Opens
from judges.native import NativeClients
from judges.parity.acts import CONTACT, GUEST, ME, OTHER_ME, Plaintext, Stage, play_all
from judges.parity.forms import Cast, Form, of_protobuf
from judges.parity.recording import by_act, said
from judges.peers import neonize, scratch
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.recorder import Record

_SEED: Final = 1
"""Both networks make the same choices."""

_PARTS: Final = ((ME, "Shop", "me"), (OTHER_ME, "Branch", "me"), (CONTACT, "Ana", "contact"), (GUEST, "Bob", "guest"))


@dataclass(frozen=True, slots=True)
class Performance:
    """What a client said, act by act."""

    records: dict[str, list[Record]]
    plaintexts: dict[str, list[Plaintext]]
    cast: Cast

    def forms(self) -> dict[str, list[Form]]:
        """The stanzas, payloads and plaintexts of each act, in normal form."""
        forms = said(self.records, self.cast)
        for act, plaintexts in self.plaintexts.items():
            forms[act] += [of_protobuf(f"plaintext {each.reader}", each.message, self.cast) for each in plaintexts]
        return forms


async def perform(folder: Path) -> tuple[Performance, Performance]:
    """What our engine says and what whatsmeow says; both play at once. Recordings go to the folder."""
    async with asyncio.TaskGroup() as tasks:
        native = tasks.create_task(_perform_native(folder / "native.jsonl"))
        whatsmeow = tasks.create_task(_perform_whatsmeow(folder / "whatsmeow.jsonl"))
    return native.result(), whatsmeow.result()


async def _perform_native(recording: Path) -> Performance:
    async with _stage(recording, lambda _emulator, natives: natives.open) as stage:
        await play_all(stage)
    return _performance(stage)


async def _perform_whatsmeow(recording: Path) -> Performance:
    with scratch() as folder:
        async with _stage(recording, lambda emulator, _natives: neonize(emulator.whereabouts, folder).open) as stage:
            await play_all(stage)
            # It goes on with a session whose other end is gone; see known.toml.
            stage.emulator.forgive("failed_decryption", ME)
            stage.emulator.forgive("sender_key_not_rotated", ME)
    return _performance(stage)


@asynccontextmanager
async def _stage(recording: Path, opens_in: Callable[[Emulator, NativeClients], Opens]) -> AsyncIterator[Stage]:
    """A network with everybody in it. The contact has a companion, so that texts go to several devices."""
    async with (
        Emulator(seed=_SEED) as emulator,
        EmulatorClient(emulator.whereabouts.control_url) as control,
        NativeClients(emulator.whereabouts) as natives,
    ):
        for phone, name, _ in _PARTS:
            await control.account(phone, name)
        stage = Stage(emulator, control, opens_in(emulator, natives), recording)
        async with natives.open(CONTACT) as companion:
            await control.phone(CONTACT).scan(await companion.qr_text())
            await stage.logged_in(CONTACT)
            yield stage
        assert emulator.world.audit.violations == []


def _performance(stage: Stage) -> Performance:
    cast: dict[str, str] = {}
    for phone, _, part in _PARTS:
        account = stage.account(phone)
        cast |= {account.phone: part, account.lid_user: part}
    return Performance(by_act(stage.recording, without=CONTACT), stage.plaintexts, cast)
