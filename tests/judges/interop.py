"""Our gateway and a judge talk with each other, both ways at once, while connections are cut; then all is counted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final, Self

from fixtures.waiting import until
from judges.client import Talker
from judges.gateway import GatewayClient
from judges.peers import Judge, PeerRefused
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.links import Link

_PATIENCE_S: Final = 30.0
_LATE_S: Final = 60.0
"""How long nothing new may be shown before what is missing counts as lost."""

_TAIL_S: Final = 1.0
"""How long to wait for what must not come: something shown twice."""

_GLANCE_S: Final = 0.05
_CUTS: Final = ("rst", "drop")
_AT_ONCE: Final = 3
"""Every third cut does not wait for texts to pass."""

_PEERS_FAULTS: Final = ("ratchet_reuse", "failed_decryption")
"""What both judges do when they send and receive at once, and what then comes of it: their faults, not ours."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is to happen: so many texts each way, with pauses in between of so many seconds at most.

    ``peer_cuts`` are cut on the judge's side, in addition to ``cuts`` on ours.
    """

    texts: int
    cuts: int
    peer_cuts: int
    pause_s: float
    seed: int = 1

    @classmethod
    def for_judge(cls, judge: Judge, texts: int, cuts: int, seed: int = 1) -> Self:
        """As much as a judge can take."""
        return cls(texts, cuts, cuts // 2 if judge.awaits_acks else 0, judge.pause_s, seed)


@dataclass(frozen=True, slots=True)
class Tally:
    """One reader's count: texts that never came, those that came under two ids, and how often an id came again."""

    lost: tuple[str, ...]
    twice: tuple[str, ...]
    repeats: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan.

    ``by_judge``, ``by_contact`` and ``by_own_phone`` count the readers of our texts (the judge, the phone that it is
    linked to, our own phone), ``by_us`` the events that tell of the judge's texts and ``listed`` our list of messages.
    ``refused`` texts the judge did not take on, ``unsettled`` ones of ours the network did not take.
    """

    plan: Plan
    seconds: float
    logins: int
    by_judge: Tally
    by_contact: Tally
    by_own_phone: Tally
    by_us: Tally
    listed: Tally
    refused: int
    unsettled: int
    our_reuses: int
    peer_reuses: int
    same_ciphertexts: int

    @property
    def faults(self) -> list[str]:
        """What must not be, in words. A repeat under one id is shown once by every app, so it only counts for us."""
        readers = {
            "the judge": self.by_judge,
            "the contact's phone": self.by_contact,
            "our own phone": self.by_own_phone,
            "our events": self.by_us,
            "our list of messages": self.listed,
        }
        found = [f"{reader} never showed {each.lost}" for reader, each in readers.items() if each.lost]
        found += [f"{reader} showed under two ids {each.twice}" for reader, each in readers.items() if each.twice]
        ours = {
            "texts that our events or our list tell twice": self.by_us.repeats + self.listed.repeats,
            "texts that we accepted and did not get rid of": self.unsettled,
            "ratchet keys that we used twice": self.our_reuses,
            "cuts that hit nothing": max(0, self.plan.cuts + self.plan.peer_cuts - self.logins),
        }
        return found + [f"{what}: {count}" for what, count in ours.items() if count]


def tally(promised: Collection[str], shown: Iterable[tuple[str, str]]) -> Tally:
    """Count what one reader was shown, as (id, text), against what it was promised."""
    times: dict[str, list[str]] = {}
    for id, text in shown:
        times.setdefault(text, []).append(id)
    return Tally(
        lost=tuple(text for text in promised if text not in times),
        twice=tuple(text for text, ids in times.items() if len(set(ids)) > 1),
        repeats=sum(len(ids) - len(set(ids)) for ids in times.values()),
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    """A phone's companion loses its connection once so many of its texts have arrived, and more are on their way.

    One that comes ``at_once`` hits the connection as soon as it works, when everything that waited is delivered.
    """

    due: int
    phone: str
    kind: str
    at_once: bool


class _Schedule:
    """The cuts, evenly spread over the texts. Who sends too far ahead of the next one waits for it."""

    def __init__(self, plan: Plan, us: str, peer: str) -> None:
        ours, theirs = _evenly(plan.cuts, plan.texts, us), _evenly(plan.peer_cuts, plan.texts, peer)
        self.cuts = sorted((*ours, *theirs), key=lambda cut: cut.due)
        self.done = 0
        self._lead = plan.texts // (plan.cuts + 1)

    def allows(self, sent: int) -> bool:
        """Whether another text may be sent after so many."""
        return self.done == len(self.cuts) or sent < self.cuts[self.done].due + self._lead


def _evenly(cuts: int, texts: int, phone: str) -> list[_Cut]:
    return [
        _Cut((number + 1) * texts // (cuts + 1), phone, _CUTS[number % len(_CUTS)], number % _AT_ONCE == _AT_ONCE - 1)
        for number in range(cuts)
    ]


class _Traffic:
    """Texts from one client to another one's account, numbered."""

    def __init__(self, sender: Talker, to: Account, word: str) -> None:
        self.promised: list[str] = []
        self.refused = 0
        self._sender = sender
        self._to = to
        self._word = word

    @property
    def arrived(self) -> int:
        """How many texts the recipient's phone has shown, the word at the beginning included."""
        return sum(not shown.own for shown in self._to.handset.inbox)

    async def flow(self, plan: Plan, dice: Random, schedule: _Schedule) -> None:
        """Send until so many were taken. A refused one may have gone out all the same, so it is not sent again."""
        for number in itertools.count():
            if len(self.promised) == plan.texts:
                return
            await until(partial(self._may_go_on, schedule), _PATIENCE_S)
            text = f"{self._word} {number}"
            try:
                await self._sender.send(self._to.pn, text)
            except PeerRefused:
                self.refused += 1
            else:
                self.promised.append(text)
            await asyncio.sleep(dice.uniform(0, plan.pause_s))

    def _may_go_on(self, schedule: _Schedule) -> bool:
        return schedule.allows(len(self.promised))

    def among(self, shown: Iterable[tuple[str, str]]) -> Tally:
        """The count of a reader who may have been shown other texts as well."""
        return tally(self.promised, [(id, text) for id, text in shown if text.startswith(f"{self._word} ")])


class Scene:
    """Two clients to be paired, and the network between them."""

    def __init__(self, emulator: Emulator, control: EmulatorClient, us: GatewayClient, peer: Talker) -> None:
        """The clients are running, and not paired."""
        self._emulator = emulator
        self._control = control
        self._us = us
        self._peer = peer

    async def pair(self) -> None:
        """Link both and let them exchange a word, which opens the sessions between them.

        Without it Baileys may leave a new companion of ours out of the recipients of its very first text.
        """
        for client, name in ((self._us, "Shop"), (self._peer, "Ana")):
            await self._control.account(client.phone, name)
            await self._control.phone(client.phone).scan(await client.qr_text())
            await until(partial(self._is_listening, client.phone), _PATIENCE_S)
        for sender, reader in ((self._us, self._peer), (self._peer, self._us)):
            await sender.send(self._account(reader).pn, "warm")
            assert await _has_shown(reader, ["warm"])

    async def play(self, plan: Plan) -> Outcome:
        """Exchange texts, cut connections, wait until all have arrived, and count."""
        loop = asyncio.get_running_loop()
        started, logins = loop.time(), self._count("logins")
        dice = Random(plan.seed)
        ours, theirs = self._account(self._us), self._account(self._peer)
        out, back = _Traffic(self._us, theirs, "out"), _Traffic(self._peer, ours, "in")
        async with asyncio.TaskGroup() as tasks:
            schedule = _Schedule(plan, ours.phone, theirs.phone)
            tasks.create_task(out.flow(plan, dice, schedule))
            tasks.create_task(back.flow(plan, dice, schedule))
            tasks.create_task(self._cut(schedule, {ours.phone: out, theirs.phone: back}))
        await _has_shown(self._peer, out.promised)
        await _has_shown(self._us, back.promised)
        seconds = loop.time() - started
        await asyncio.sleep(_TAIL_S)
        return Outcome(
            plan=plan,
            seconds=seconds,
            logins=self._count("logins") - logins,
            by_judge=out.among(await self._peer.shown()),
            by_contact=out.among(_told(theirs)),
            by_own_phone=out.among(_told(ours)),
            by_us=back.among(await self._us.shown()),
            listed=back.among(await self._us.listed()),
            refused=back.refused,
            unsettled=len(await self._us.unsettled()),
            our_reuses=self._reuses(ours),
            peer_reuses=self._reuses(theirs),
            same_ciphertexts=self._count("same ciphertext"),
        )

    def forgive_peer(self) -> None:
        """Pass over what strict mode holds against the judge's own device, and against nobody else's."""
        for device in self._account(self._peer).devices.values():
            for kind in _PEERS_FAULTS:
                self._emulator.forgive(kind, device.label)

    async def _cut(self, schedule: _Schedule, traffic: Mapping[str, _Traffic]) -> None:
        """Carry out the cuts; every one of them hits a connection that works."""
        before: set[Link] = set()
        for cut in schedule.cuts:
            if not cut.at_once:
                await until(partial(_have_arrived, traffic[cut.phone], cut.due), _PATIENCE_S)
            await until(partial(self._is_listening, cut.phone, before), _PATIENCE_S)
            before.update(self._links(cut.phone))
            await self._control.operator(cut.phone).kick(cut.kind)
            schedule.done += 1

    def _is_listening(self, phone: str, before: Collection[Link] = ()) -> bool:
        """Whether a companion takes what is for it, on another connection than those before."""
        return any(link.active and link not in before for link in self._links(phone))

    def _links(self, phone: str) -> list[Link]:
        devices = self._emulator.world.account(phone).devices.values()
        return [device.link for device in devices if device.link is not None]

    def _account(self, client: Talker) -> Account:
        return self._emulator.world.account(client.phone)

    def _count(self, name: str) -> int:
        return self._emulator.world.audit.counts[name]

    def _reuses(self, account: Account) -> int:
        violations = self._emulator.world.audit.violations
        return sum(each.kind == "ratchet_reuse" and each.who.startswith(f"{account.phone}:") for each in violations)


def _have_arrived(traffic: _Traffic, texts: int) -> bool:
    return traffic.arrived >= texts


async def _has_shown(client: Talker, texts: Sequence[str]) -> bool:
    """Wait until a client has shown texts; False when nothing new came for too long, and some are missing.

    Late is not lost: Baileys takes a quarter of a second over each message that it cannot read, one after the other.
    """
    loop = asyncio.get_running_loop()
    wanted, seen, ends = set(texts), 0, loop.time() + _LATE_S
    while wanted - (shown := {text for _, text in await client.shown()}):
        if len(shown) > seen:
            seen, ends = len(shown), loop.time() + _LATE_S
        if loop.time() > ends:
            return False
        await asyncio.sleep(_GLANCE_S)
    return True


def _told(account: Account) -> list[tuple[str, str]]:
    """What an account's phone has shown, copies of what its companions sent included."""
    shown = (message.as_dict() for message in account.handset.inbox)
    return [(str(message["id"]), str(message["text"])) for message in shown]
