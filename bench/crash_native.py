"""The kill storm: ``python -m bench.crash_native [--kills 200] [--database both] [--bug NAME]``.

A gateway works under load in both directions and is killed with SIGKILL at random moments, again and again. Texts go to
and come from single contacts and a group, in which somebody comes and goes all the time; so do small
documents; and chats are archived and muted, here and on the account's phone. The ledger is in this process, the phones
are in the emulator's: only the gateway dies. At the end everything is counted:

* accepted (a 202 was read) and never shown by a phone that it was for,
* shown twice by a phone,
* a file that is not, byte for byte, what was sent, on the phone or in the gateway,
* typed on a phone and not in the gateway's list of messages, or twice in it, or not exactly once in the journal,
* chats that are marked otherwise here than on the account's phone,
* a ratchet counter or a sender key's used for two ciphertexts, a sender key that somebody lacks, or one that is used
  although somebody has it who is gone, and everything else that the emulator's strict mode forbids.

``--bug`` plants a mistake (``bench.planted``) that the counts must find, or they prove nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256

import aiohttp

from bench.planted import BUGS
from bench.rig import Emulated, Gateway, bar, emulator, gateway, scratch, until
from bench.storm_marks import disagreements, mark_chats, mark_on_phone
from services.postgres import postgres_server

SHOP = "491510000001"
CONTACTS = [f"49152000000{number}" for number in range(1, 6)]
MEMBERS = CONTACTS[:3]
"""The contacts in the group; the first one made it."""

FILERS = CONTACTS[2:4]
"""The contacts who exchange files with us: one in the group, one outside."""

GUEST = "491520000009"
_SHOWN = 20
TYPING_S = 0.4
"""A contact's longest pause: what is typed while the gateway is down, most of the time, has to be read afterwards."""

SHARING_S = 0.8
"""The longest pause between two files of one sender."""

QUIET_S = 600.0
DURING_START = 0.15
"""The share of kills that comes while the gateway is still starting."""


@dataclass(slots=True)
class Ledger:
    """What happened, as seen from outside."""

    accepted: set[str] = field(default_factory=set)
    typed: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of files, by the caption that they went under, in either direction."""

    retried: int = 0
    stopping: bool = False


async def storm(running: Gateway, network: Emulated, group: str, kills: int) -> Ledger:
    """Load in both directions while the gateway is killed and started so many times."""
    ledger = Ledger()
    up = asyncio.Event()
    up.set()
    async with asyncio.TaskGroup() as tasks:
        for contact in CONTACTS:
            tasks.create_task(send_texts(running, contact, ledger, up))
            tasks.create_task(type_texts(network, contact, SHOP, ledger))
        tasks.create_task(send_texts(running, group, ledger, up))
        tasks.create_task(type_texts(network, MEMBERS[-1], group, ledger))
        for contact in FILERS:
            tasks.create_task(send_files(running, contact, ledger, up))
            tasks.create_task(share_files(network, contact, ledger))
        tasks.create_task(send_files(running, group, ledger, up))
        tasks.create_task(come_and_go(network, group, ledger))
        tasks.create_task(mark_chats(running, CONTACTS, ledger))
        tasks.create_task(mark_on_phone(network, SHOP, CONTACTS, ledger))
        began = time.monotonic()
        for kill in range(kills):
            await asyncio.sleep(random.uniform(0.05, 0.6))
            up.clear()
            await asyncio.to_thread(running.kill)
            if random.random() < DURING_START:
                running.spawn()
                await asyncio.sleep(random.uniform(0.2, 2.0))
                await asyncio.to_thread(running.kill)
            await running.start()
            up.set()
            if kill % 20 == 19:
                print(f"  {kill + 1} kills in {time.monotonic() - began:.0f} s: {len(ledger.accepted)} accepted, "
                      f"{len(ledger.typed)} typed", flush=True)  # fmt: skip
        await asyncio.sleep(1)
        ledger.stopping = True
    return ledger


async def send_texts(running: Gateway, to: str, ledger: Ledger, up: asyncio.Event) -> None:
    """Send one text after the other; one whose answer was lost is asked for again, with the same key."""
    number = 0
    while not ledger.stopping:
        number += 1
        text = f"out {to} {number}"
        while not await post(running, to, text):
            ledger.retried += 1
            await up.wait()
            await asyncio.sleep(0.01)
        ledger.accepted.add(text)


async def send_files(running: Gateway, to: str, ledger: Ledger, up: asyncio.Event) -> None:
    """Send one small document after the other, by form; the same again, with the same key, if its answer was lost."""
    number = 0
    while not ledger.stopping:
        number += 1
        caption, content = f"out {to} file {number}", new_file(f"out {to} {number}")
        ledger.files[caption] = sha256(content).hexdigest()
        fields = {"to": to, "type": "document", "caption": caption}
        while not await post_form(running, fields, content):
            ledger.retried += 1
            await up.wait()
            await asyncio.sleep(0.01)
        ledger.accepted.add(caption)
        await asyncio.sleep(random.uniform(0, SHARING_S))


async def share_files(network: Emulated, contact: str, ledger: Ledger) -> None:
    """Send documents from a phone at random moments."""
    number = 0
    while not ledger.stopping:
        number += 1
        caption, content = f"in {SHOP} {contact} file {number}", new_file(f"in {contact} {number}")
        ledger.files[caption] = sha256(content).hexdigest()
        await network.control.phone(contact).send_media(SHOP, "document", content, caption=caption, file_name="f.bin")
        ledger.typed.append(caption)
        await asyncio.sleep(random.uniform(0, SHARING_S))


def new_file(name: str) -> bytes:
    """A file of up to 60 kB, another one for each name."""
    return sha256(name.encode()).digest() * random.randrange(1, 2_000)


async def post_form(running: Gateway, fields: dict[str, str], content: bytes) -> bool:
    """Whether the gateway accepted a message with a file. Raises RuntimeError when it refused."""
    form = aiohttp.FormData(fields)
    form.add_field("file", content, filename="f.bin")
    return await accepted(running, form(), fields["caption"])


async def post(running: Gateway, to: str, text: str) -> bool:
    """Whether the gateway accepted a text. Raises RuntimeError when it refused."""
    return await accepted(running, aiohttp.JsonPayload({"to": to, "text": text}), text)


async def accepted(running: Gateway, body: aiohttp.Payload, key: str) -> bool:
    """Whether the gateway accepted a message. Raises RuntimeError when it refused."""
    headers = {"Idempotency-Key": key.replace(" ", "-"), "Content-Type": body.headers["Content-Type"]}
    with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
        async with running.http.post(
            f"{running.url}/v1/sessions/shop/messages", data=body, headers=headers
        ) as response:
            answer = await response.read()
            if response.status == 202:
                return True
            if response.status != 503:
                raise RuntimeError(f"{response.status} {answer.decode()}")
    return False


async def type_texts(network: Emulated, contact: str, to: str, ledger: Ledger) -> None:
    """Type at random moments, whether or not the gateway is there."""
    number = 0
    while not ledger.stopping:
        number += 1
        text = f"in {to} {contact} {number}"
        await network.control.phone(contact).type(to, text)
        ledger.typed.append(text)
        await asyncio.sleep(random.uniform(0, TYPING_S))


async def come_and_go(network: Emulated, group: str, ledger: Ledger) -> None:
    """Somebody is added to the group and removed again, so that sender keys have to be replaced."""
    is_there = False
    while not ledger.stopping:
        await asyncio.sleep(random.uniform(0.2, 1.5))
        await network.control.phone(MEMBERS[0]).group(group).change("remove" if is_there else "add", GUEST)
        is_there = not is_there


def readers(text: str) -> list[str]:
    """Whose phones have to show a text of ours."""
    to = text.split()[1]
    return MEMBERS if "@" in to else [to]


async def count(running: Gateway, network: Emulated, ledger: Ledger) -> bool:
    """Wait until everything is quiet, count, and print; whether all bars hold."""
    await running.wait_connected(["shop"])
    try:
        await quiet(running, network)
    except TimeoutError as error:
        print(f"  NOT QUIET: {error}; what is still under way is counted as lost", flush=True)
    shown: dict[str, Counter[str]] = {}
    for contact in CONTACTS:
        inbox = await network.control.phone(contact).inbox(limit=10**6)
        shown[contact] = Counter(message.text for message in inbox if message.text.startswith("out "))
    listed = Counter(message["text"] for message in await running.messages(direction="in"))
    events = await running.every("/events", types="message.received")
    journalled = Counter(event["data"]["text"] for event in events)
    found = await network.control.violations()
    violations = Counter(violation.kind for violation in found)
    print(
        f"  {len(ledger.accepted)} accepted ({ledger.retried} asked for again), {len(ledger.typed)} typed, "
        f"{len(ledger.files)} of them files"
    )
    missing = [(reader, text) for text in ledger.accepted for reader in readers(text) if not shown[reader][text]]
    holds = bar("accepted and never delivered", len(missing), 0, "")
    for reader, text in missing[:8]:
        print(f"    {reader}: {text}")
    holds &= bar("delivered twice", sum(times - 1 for each in shown.values() for times in each.values()), 0, "")
    holds &= bar("files that are not what was sent", await spoilt(running, network, ledger), 0, "")
    holds &= bar("inbound lost", sum(1 for text in ledger.typed if not listed[text]), 0, "")
    holds &= bar("inbound listed twice", sum(times - 1 for times in listed.values()), 0, "")
    holds &= bar("inbound not exactly once in the journal", sum(1 for t in ledger.typed if journalled[t] != 1), 0, "")
    unlike = await disagreements(running, network, SHOP, CONTACTS)
    holds &= bar("chats marked otherwise than on the phone", unlike, 0, "")
    holds &= bar("ratchet reuse", violations["ratchet_reuse"], 0, "")
    holds &= bar("other violations of strict mode", violations.total() - violations["ratchet_reuse"], 0, "")
    for violation in found[:_SHOWN]:
        print(f"    {violation.kind} {violation.who}: {violation.detail}")
    return holds


async def spoilt(running: Gateway, network: Emulated, ledger: Ledger) -> int:
    """How many files are not what was sent: on the phones that show them, and in the gateway."""
    wrong = 0
    for contact in CONTACTS:
        for message in await network.control.phone(contact).inbox(limit=10**6):
            if not message.own and (digest := ledger.files.get(message.text)) is not None:
                wrong += (await network.control.phone(contact).fetch(message.id)).sha256 != digest
    for received in await running.messages(direction="in", has_media="true"):
        media, digest = received["media"], ledger.files[received["text"]]
        async with running.http.get(f"{running.url}{media['url']}") as answer:
            is_same = sha256(await answer.read()).hexdigest() == digest
        if media["state"] != "ready" or not is_same:
            print(f"    {received['text']}: {media['state']}")
            wrong += 1
    return wrong


async def quiet(running: Gateway, network: Emulated) -> None:
    """Wait until nothing is under way in either direction. Raises TimeoutError.

    A storm accepts faster than it lets the gateway send, so at its end thousands of messages may wait to leave.
    """

    async def settled() -> bool:
        for status in ("queued", "sending"):
            if (await running.call("GET", f"/messages?direction=out&status={status}&limit=1"))["data"]:
                return False
        arrived = await running.messages(direction="in", has_media="true")
        if any(message["media"]["state"] == "pending" for message in arrived):
            return False
        stats = await network.control.stats()
        return not any(device["pending"] for device in stats["devices"].values())

    await until(settled, QUIET_S, "quiet", every_s=1)
    await asyncio.sleep(2)


async def run(database_url: str, kills: int, bug: str | None) -> bool:
    """One storm on one database."""
    entry = ("wagate",) if bug is None else ("bench.planted", bug)
    with scratch() as folder:
        async with (
            emulator(folder) as network,
            gateway(folder, network, database_url=database_url, entry=entry) as running,
        ):
            await network.control.account(SHOP, "Shop")
            for contact in CONTACTS:
                await network.control.account(contact, f"Contact {contact[-1]}")
            await network.control.account(GUEST, "Guest")
            await running.pair("shop", SHOP, network.control)
            group = await network.control.phone(MEMBERS[0]).create_group("Storm", [SHOP, *MEMBERS[1:]])
            ledger = await storm(running, network, group.jid, kills)
            return await count(running, network, ledger)


@asynccontextmanager
async def databases(which: str) -> AsyncIterator[dict[str, str]]:
    """The databases to storm, by name: SQLite in the data directory, a real PostgreSQL that waits for the disk."""
    urls = {"sqlite": ""} if which in ("sqlite", "both") else {}
    if which == "sqlite":
        yield urls
        return
    with postgres_server(durable=True) as server:
        yield {**urls, "postgresql": server.create_database()}


async def main(arguments: argparse.Namespace) -> bool:
    """All storms that were asked for. With a bug, success is that the counts found it."""
    random.seed(arguments.seed)
    holds = True
    async with databases(arguments.database) as urls:
        for name, url in urls.items():
            print(f"{name}, {arguments.kills} kills, seed {arguments.seed}, bug: {arguments.bug or 'none'}", flush=True)
            clean = await run(url, arguments.kills, arguments.bug)
            holds &= clean if arguments.bug is None else not clean
            if arguments.bug is not None:
                print(f"  the planted bug was {'MISSED' if clean else 'found'}", flush=True)
    return holds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.crash_native", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--bug", choices=sorted(BUGS))
    parser.add_argument("--seed", type=int, default=1)
    sys.exit(not asyncio.run(main(parser.parse_args())))
