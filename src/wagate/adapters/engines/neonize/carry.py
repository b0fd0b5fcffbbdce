"""A session's linked device on its way to or from another engine: whatsmeow's file, and the records that go with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from wagate.adapters.engines.neonize import store
from wagate.adapters.engines.neonize.attachment import Attachment
from wagate.adapters.engines.neonize.holding import Holding, read_kept
from wagate.adapters.engines.neonize.host import Host, WorkerFailed
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.frames import LinkBroken
from wagate.adapters.engines.neonize.link.messages import Committed, Entry, Recall, Recalled, Stop
from wagate.adapters.engines.neonize.records import CREDENTIALS, KINDS, POLLS, Credentials, pack_poll, unpack_poll
from wagate.adapters.whatsapp_web.letters import PollKey
from wagate.domain.errors import DeviceUnreadable
from wagate.domain.jid import Jid
from wagate.ports.device import LinkedDevice, PollSecret
from wagate.ports.vault import RecordKey, RecordUnreadable, Unit, Vault

DEVICE_FILE: Final = "device.db"
SPOOL: Final = "spool"

_SLICE: Final = 500
"""Records that one transaction changes."""


async def export(host: Host, vault: Vault, limits: Limits) -> LinkedDevice:
    """The device in a session's folder. What a worker there has kept and not handed over yet is taken in first.

    Raises DeviceUnreadable, VaultFailed.
    """
    try:
        if host.is_occupied():  # by a worker that outlived its gateway; it hangs up, and may hear something meanwhile
            await _take_in(host, vault, limits)
        if (host.folder / SPOOL).exists():
            await host.start()  # it is not told to begin, so whatsmeow stays away
            await _take_in(host, vault, limits)
    except (WorkerFailed, LinkBroken, TimeoutError, OSError) as error:
        raise DeviceUnreadable(f"what this session's process has kept cannot be taken in: {error!r}") from error
    finally:
        if host.is_occupied():
            await host.kill()
    device = await asyncio.to_thread(store.export_device, host.folder / DEVICE_FILE)
    return replace(device, polls=_polls_in(await vault.list(POLLS)))


async def write(host: Host, vault: Vault, device: LinkedDevice) -> None:
    """Keep a device, its record last: without that there is no device. Raises VaultFailed, OSError."""
    await discard(host, vault)
    path = host.folder / DEVICE_FILE
    host.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    await asyncio.to_thread(store.write_device, path, device)
    (address,) = await asyncio.to_thread(store.devices_in, path)
    me = device.me
    credentials = replace(
        Credentials.create(), device=address, lid=me.lid or "", name=me.name or "", platform=me.platform or ""
    )
    # whatsmeow keeps secrets, too, but not what the options of a poll are called: we do, and read the votes ourselves.
    await _change(vault, {(POLLS, poll.id): pack_poll(_poll_key(poll)) for poll in device.polls})
    await _change(vault, {CREDENTIALS: credentials.pack()})


async def discard(host: Host, vault: Vault) -> None:
    """Delete a device for good, whatsmeow's file first: a worker that is told no device takes the one it finds.

    Raises VaultFailed, OSError.
    """
    if host.is_occupied():
        await host.kill()
    await asyncio.to_thread(store.delete_device, host.folder / DEVICE_FILE)
    for kind in KINDS:
        await _change(vault, {(kind, address): None for address, _ in await vault.list(kind)})
    await asyncio.to_thread(host.forget)


def _polls_in(records: Iterable[tuple[str, bytes]]) -> tuple[PollSecret, ...]:
    """The polls whose votes can be read. Raises DeviceUnreadable."""
    try:
        kept = [(id, unpack_poll(value)) for id, value in sorted(records)]
    except RecordUnreadable as error:
        raise DeviceUnreadable(f"A stored record is damaged: {error}") from error
    return tuple(PollSecret(id, poll.author, poll.secret, poll.options) for id, poll in kept if poll.author.is_person)


def _poll_key(poll: PollSecret) -> PollKey:
    return PollKey(Jid(poll.author), poll.secret, poll.options)


async def _take_in(host: Host, vault: Vault, limits: Limits) -> None:
    """Take in what the worker in the folder has kept, and what it knows of unfinished messages; then have it end."""
    holding = Holding(await read_kept(vault), limits, vault)
    async with asyncio.timeout(limits.start_s):
        link = await Attachment.to(host, holding.position.spool, holding.position.number, limits)
        try:
            link.send(Recall(holding.outstanding.questions(holding.credentials)))
            while not isinstance(message := await link.receive(), Recalled):  # which comes behind all that was kept
                if isinstance(message, Entry):
                    unit = await holding.take(link.welcome.spool, message)
                    if unit is not None:
                        await vault.submit(unit)
                    link.send(Committed(message.number))
            unit = Unit()
            for found in message.found:
                holding.outstanding.found(found, unit)
            if unit.changes:
                await vault.submit(unit)
            link.send(Stop())
            await host.gone()
        finally:
            link.close()


async def _change(vault: Vault, changes: Mapping[RecordKey, bytes | None]) -> None:
    """Change records, a slice at a time; durable on return. Raises VaultFailed."""
    entries = list(changes.items())
    for start in range(0, len(entries), _SLICE):
        await vault.submit(Unit(dict(entries[start : start + _SLICE])))
