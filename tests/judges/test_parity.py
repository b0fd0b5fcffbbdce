"""On the wire our engine is whatsmeow's twin, but for what docs/parity.md says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from judges.client import Opens
from judges.native import NativeClients
from judges.parity.acts import ACTS, CONTACT, ME, OTHER_ME, Plaintext, Stage, play_all
from judges.parity.compare import Difference, compare
from judges.parity.forms import Cast, Form, of_protobuf
from judges.parity.known import Known, outdated, read_known, unexplained
from judges.parity.page import PAGE, page
from judges.parity.recording import altered, by_act, said
from judges.peers import neonize
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.recorder import Record

_SEED = 1
"""Both networks make the same choices."""


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


async def _perform(folder: Path, opens_in: Callable[[Emulator, NativeClients], Opens]) -> Performance:
    """Let one client play. The contact has a companion too, so that texts go to several devices."""
    recording = folder / "recording.jsonl"
    async with (
        Emulator(seed=_SEED) as emulator,
        EmulatorClient(emulator.whereabouts.control_url) as control,
        NativeClients(emulator.whereabouts) as natives,
    ):
        for phone, name in ((ME, "Shop"), (OTHER_ME, "Branch"), (CONTACT, "Ana")):
            await control.account(phone, name)
        stage = Stage(emulator, control, opens_in(emulator, natives), recording)
        async with natives.open(CONTACT) as companion:
            await control.phone(CONTACT).scan(await companion.qr_text())
            await stage.logged_in(CONTACT)
            await play_all(stage)
        # whatsmeow keeps the session with an identity that is gone, so its next message cannot be read at first.
        emulator.forgive("failed_decryption", ME)
        assert emulator.world.audit.violations == []
        cast: dict[str, str] = {}
        for phone, part in ((ME, "me"), (OTHER_ME, "me"), (CONTACT, "contact")):
            account = stage.account(phone)
            cast |= {account.phone: part, account.lid_user: part}
    return Performance(by_act(recording, without=CONTACT), stage.plaintexts, cast)


def _opens_native(_emulator: Emulator, natives: NativeClients) -> Opens:
    return natives.open


def _opens_neonize(folder: Path, emulator: Emulator, _natives: NativeClients) -> Opens:
    return neonize(emulator.whereabouts, folder).open


async def _perform_both(native_folder: Path, whatsmeow_folder: Path) -> tuple[Performance, Performance]:
    async with asyncio.TaskGroup() as tasks:
        native = tasks.create_task(_perform(native_folder, _opens_native))
        whatsmeow = tasks.create_task(_perform(whatsmeow_folder, partial(_opens_neonize, whatsmeow_folder)))
    return native.result(), whatsmeow.result()


@pytest.fixture(scope="module")
def performances(tmp_path_factory: pytest.TempPathFactory) -> tuple[Performance, Performance]:
    """What native and whatsmeow said."""
    return asyncio.run(_perform_both(*(tmp_path_factory.mktemp(name) for name in ("native", "whatsmeow"))))


@pytest.fixture(scope="module")
def differences(performances: tuple[Performance, Performance]) -> list[Difference]:
    """Where they differ."""
    native, whatsmeow = (performance.forms() for performance in performances)
    return [found for act in ACTS for found in compare(act.name, native[act.name], whatsmeow[act.name])]


@pytest.fixture(scope="module")
def known() -> list[Known]:
    """The table."""
    return read_known()


@pytest.mark.judge
def test_every_act_was_heard_from_both(performances: tuple[Performance, Performance]) -> None:
    for performance in performances:
        heard = performance.forms()
        assert [act.name for act in ACTS if not heard[act.name]] == []


@pytest.mark.judge
def test_no_difference_is_unknown(differences: list[Difference], known: list[Known]) -> None:
    assert unexplained(differences, known) == []


@pytest.mark.judge
def test_no_known_difference_is_gone(differences: list[Difference], known: list[Known]) -> None:
    assert outdated(differences, known) == []


@pytest.mark.judge
def test_the_codec_changes_no_byte_of_either(performances: tuple[Performance, Performance]) -> None:
    for performance in performances:
        assert altered(performance.records) == []


def test_the_page_tells_the_table(known: list[Known]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(known)


def test_the_table_names_acts_that_there_are(known: list[Known]) -> None:
    assert {act for row in known for act in row.acts} <= {act.name for act in ACTS}
