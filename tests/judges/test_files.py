"""Files between unmodified clients, phones and our engine: the same bytes everywhere."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from judges.native import NativeClient, NativeClients
from judges.peers import Judge, Peer
from judges.pictures import png
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world.accounts import Account

US, PEER = "4915100000021", "4915100000022"


FILES = {kind: os.urandom(300_001) for kind in ("video", "audio", "document", "sticker")} | {"image": png(320, 200)}


CAPTIONED = ("image", "video", "document")


def digest_of(kind: str) -> str:
    return sha256(FILES[kind]).hexdigest()


@dataclass(frozen=True)
class Party:
    """A judge and our engine, each linked to a phone of its own."""

    emulator: Emulator
    control: EmulatorClient
    us: NativeClient
    peer: Peer


def is_listening(account: Account) -> bool:
    """Whether a companion of an account takes what is for it."""
    return any(device.link is not None and device.link.active for device in account.devices.values())


@asynccontextmanager
async def party(judge: Judge, emulator: Emulator, control: EmulatorClient) -> AsyncIterator[Party]:
    await control.account(US, "Shop")
    await control.account(PEER, "Ana")
    async with NativeClients(emulator.whereabouts) as clients, clients.open(US) as us, judge.open(PEER) as peer:
        for client in (us, peer):
            account = emulator.world.account(client.phone)
            await control.phone(client.phone).scan(await client.qr_text())
            assert await emulator.board.until(partial(is_listening, account), 30)
        # A word in each direction opens the sessions: Baileys may leave out a new device of ours in its first message.
        await us.send(emulator.world.account(PEER).pn, "warm")
        await peer.shows("warm")
        await peer.send(emulator.world.account(US).pn, "warm too")
        await us.shows("warm too")
        yield Party(emulator, control, us, peer)


@pytest.mark.judge
async def test_files_are_the_same_bytes_everywhere(
    judge: Judge, emulator: Emulator, control: EmulatorClient, tmp_path: Path
) -> None:
    async with party(judge, emulator, control) as at:
        received = [await sent_by_the_judge(at, kind, tmp_path) for kind in judge.files]
        sent = [await sent_by_us(at, kind, tmp_path) for kind in FILES]
        for kind, content in FILES.items():
            typed = await control.phone(US).send_media(PEER, kind, content)
            assert (await at.peer.file_from(typed))["kind"] == kind
            assert await at.peer.fetch(typed) == digest_of(kind)
        assert await control.expire_media() > len(received) + len(sent)
        for kind, id in received:
            assert await at.us.fetch(id) == digest_of(kind)
        if judge.name == "baileys":
            for kind, id in sent:
                await at.peer.ask_phone(id)
                assert await at.peer.fetch(id) == digest_of(kind)


def stored(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.bin"
    path.write_bytes(FILES[kind])
    return path


async def sent_by_the_judge(at: Party, kind: str, folder: Path) -> tuple[str, str]:
    id = await at.peer.send_file(at.emulator.world.account(US).pn, kind, stored(folder, kind), "look")
    await at.us.shows_file(id)
    assert (await at.control.phone(US).fetch(id)).sha256 == digest_of(kind)
    assert await at.us.fetch(id) == digest_of(kind)
    return kind, id


async def sent_by_us(at: Party, kind: str, folder: Path) -> tuple[str, str]:
    id = await at.us.send_file(at.emulator.world.account(PEER).pn, kind, stored(folder, kind), "see")
    told = await at.peer.file_from(id)
    assert (told["kind"], told["caption"]) == (kind, "see" if kind in CAPTIONED else "")
    assert await at.peer.fetch(id) == digest_of(kind)
    assert (await at.control.phone(PEER).fetch(id)).sha256 == digest_of(kind)
    return kind, id
