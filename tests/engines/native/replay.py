"""A machine and a pretend network in one memory: the test decides what happens next, and what is lost.

Nothing here waits. Loads, commits, stanzas and timers lie ready until a step carries one of them out; a crash throws
all of them away, and what was committed is all that the next machine gets.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

from engines.native import sayings
from engines.native.lines import OTHER, OWN
from engines.native.replay_shell import Disk, ReplayShell
from wagate.adapters.engines.native import Habits
from wagate.adapters.engines.native.machine.credentials import Credentials
from wagate.adapters.engines.native.machine.machine import Machine
from wagate.adapters.engines.native.machine.outlook import Outlook
from wagate.adapters.engines.native.machine.records import CREDENTIALS
from wagate.domain.content import Text
from wagate.domain.ids import MessageId
from wagate.domain.jid import Jid
from wagate.ports.engine import Outgoing
from wagate.ports.news import MessageArrived, QrShown, SendAccepted, SendStarted
from whatsapp_emulator.world.links import Delivery, Hangup, Link
from whatsapp_emulator.world.world import World
from whatsapp_wire.decoding import decode
from whatsapp_wire.encoding import encode
from whatsapp_wire.jid import Jid as WireJid

THIRD = "5511900000003"
FOURTH = "5511900000004"
"""Comes into the group and goes again."""

HABITS = Habits(first_prekeys=12, more_prekeys=8)


@dataclass
class Post:
    """A message that the rest of the house wants sent; whether a call for it is under way, and whether one ever was."""

    outgoing: Outgoing
    calling: bool = False
    was_called: bool = False


class Replay:
    """One line, two contacts, a group of all three, and every step that can happen to them."""

    def __init__(self, seed: int, *, is_warm: bool = True) -> None:
        """Paired; ``is_warm`` says that messages were exchanged with both contacts before the test begins."""
        self.random = Random(seed)
        self.world = World(Random(seed))
        self.now = 1_800_000_000.0
        self.disk = Disk()
        self.posts: list[Post] = []
        self.typed: list[str] = []
        self.link: Link | None = None
        self.to_device: deque[bytes | None] = deque()
        self.own = self.world.account(OWN).lid
        for phone in (OTHER, THIRD, FOURTH):
            self.world.account(phone)
        members = [self.own, self.world.account(OTHER).lid]
        self.group = Jid(self.world.phone(THIRD).groups.create("Group", members).jid)
        self._start()
        self._pair()
        if is_warm:
            for phone in (OTHER, THIRD):
                self.post(phone)
                self.type(phone)
            self.post_to_group()
            self.type_in_group()
            self.settle()

    # ---- steps

    def post(self, phone: str) -> None:
        """The house accepts a message for a contact."""
        self._post(Jid.from_phone(phone))

    def post_to_group(self) -> None:
        """The house accepts a message for the group."""
        self._post(self.group)

    def type_in_group(self) -> None:
        """A contact writes in the group."""
        self.typed.append(self.world.phone(THIRD).type(WireJid(self.group), f"in {len(self.typed) + 1}"))
        self._carry()

    def change_group(self) -> None:
        """Somebody comes into the group, or goes again."""
        hand, group = self.world.phone(THIRD).groups, WireJid(self.group)
        fourth = self.world.account(FOURTH)
        hand.change(group, "remove" if fourth in hand.find(group).members else "add", [fourth.lid])
        self._carry()

    def _post(self, jid: Jid) -> None:
        number = len(self.posts) + 1
        said = Text(f"out {number}") if jid.is_group else sayings.out(number, jid)
        self.posts.append(Post(Outgoing(MessageId(f"msg_{number}"), f"3EB0{number:018X}", jid, said)))
        self.dispatch()

    def type(self, phone: str) -> None:
        """A contact writes to us, or votes."""
        self.typed.append(sayings.say(self.world.phone(phone), self.own, len(self.typed) + 1))
        self._carry()

    def dispatch(self) -> None:
        """Hand over what the house has waiting: one message per chat at a time, in its order."""
        started = {news.wa_id for news in self.disk.ledger if isinstance(news, SendStarted)}
        for to in self.chats:
            waiting = [p for p in self.posts if p.outgoing.to == to and p.outgoing.wa_id not in started]
            if waiting and not any(post.calling for post in waiting):
                self._call(waiting[0])

    def repeat(self) -> None:
        """The house hands over a message once more, although it may be on its way or gone already."""
        # Never one whose turn has not come: the house keeps the order of a chat.
        if called := [post for post in self.posts if post.was_called]:
            self.machine.send(self.random.choice(called).outgoing, lambda *_: None)
        self._tidy()

    def answer(self) -> None:
        """A load or computation is done."""
        if self.shell.answers:
            self.shell.answers.popleft()()
        self._tidy()

    def postpone(self) -> None:
        """A load or computation takes longer than the ones that were begun after it."""
        self.shell.answers.rotate(-1)

    def commit(self) -> None:
        self.shell.commit()
        self._tidy()

    def fail_commit(self) -> None:
        self.shell.fail_commits()
        self._tidy()

    def hear(self) -> None:
        """A stanza of the server arrives, or the end of what it has to say."""
        if self.to_device:
            stanza = self.to_device.popleft()
            if stanza is None:
                self.cut()
            else:
                self.machine.received(decode(stanza))
        self._tidy()

    def speak(self) -> None:
        """A stanza of ours arrives at the server."""
        if self.link is not None and self.shell.written:
            self.world.receive(self.link, decode(self.shell.written.popleft()), self.now)
            self._carry()

    def cut(self) -> None:
        """The connection breaks; whatever was under way in either direction is gone."""
        if self.link is not None:
            self.world.close(self.link, self.now)
            self.link = None
            self.to_device.clear()
            self.shell.written.clear()
            self._carry()
            self.machine.closed()
            # A login that fails with the line wants to hang up; there is nothing left to hang up, and the next
            # connection is not meant.
            self.shell.hung_up = False

    def dial(self) -> None:
        if self.link is None:
            self.machine.opened()
            self.link = self.world.connect(self.machine.credentials.noise.public, self.machine.payload(), self.now)
            self._carry()

    def crash(self) -> None:
        """The process is killed and starts again."""
        if self.link is not None:
            self.world.close(self.link, self.now)
            self.link = None
            self._carry()
        self.to_device.clear()
        for post in self.posts:
            post.calling = False
        self._start()

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        self.world.tick(self.now)
        due = [timer for timer in self.shell.timers if timer.due <= self.now]
        self.shell.timers = [timer for timer in self.shell.timers if timer.due > self.now]
        for timer in due:
            if timer.then is not None:
                timer.then()
        self._tidy()

    def forget_clean(self) -> None:
        self.shell.forget_clean()

    # ---- to the end

    def settle(self) -> None:
        """Let everything happen that is left to happen, without further accidents."""
        for _ in range(10_000):
            self.dial()
            self.dispatch()
            if self._progress():
                continue
            if not any(post.calling for post in self.posts):
                return
            self.wait(0.1)  # for whoever waits for acks that have come by now
        raise AssertionError("it never comes to rest")

    def arrived(self) -> list[str]:
        """The ids of the messages that the house was told of, each once, in their order."""
        return list(dict.fromkeys(news.wa_id for news in self.disk.ledger if isinstance(news, MessageArrived)))

    def accepted(self) -> list[str]:
        return [news.wa_id for news in self.disk.ledger if isinstance(news, SendAccepted)]

    @property
    def chats(self) -> tuple[Jid, ...]:
        """Where the house posts to."""
        return Jid.from_phone(OTHER), Jid.from_phone(THIRD), self.group

    def shown(self, phone: str, chat: Jid) -> list[str]:
        """The ids of what a phone shows of ours, in its order: in a direct chat, or in the group."""
        ours = [shown for shown in self.world.phone(phone).inbox if shown.sender.user == self.own.user]
        return [shown.id for shown in ours if shown.chat.is_group == chat.is_group]

    def _progress(self) -> bool:
        before = (len(self.disk.ledger), len(self.disk.records))
        busy = bool(self.shell.answers or self.shell.uncommitted or self.shell.written or self.to_device)
        self.answer()
        self.commit()
        self.speak()
        self.hear()
        return busy or before != (len(self.disk.ledger), len(self.disk.records))

    def _start(self) -> None:
        self.shell = ReplayShell(self.disk, lambda: self.now)
        stored = self.disk.records.get(CREDENTIALS)
        unacked = sorted((address, value) for (kind, address), value in self.disk.records.items() if kind == "unacked")
        credentials = None if stored is None else Credentials.unpack(stored)
        self.machine = Machine(self.shell, HABITS, Outlook(self.random), credentials, unacked)

    def _pair(self) -> None:
        self.dial()
        while not self.shell.told or not isinstance(self.shell.told[-1], QrShown):
            self._progress()
        self.world.scan(OWN, self.shell.told[-1].text)
        self._carry()
        self.settle()
        self.cut()
        self.settle()

    def _call(self, post: Post) -> None:
        post.calling = post.was_called = True

        def then(_: Exception | None, __: object) -> None:
            post.calling = False

        self.machine.send(post.outgoing, then)
        self._tidy()

    def _carry(self) -> None:
        for effect in self.world.collect():
            match effect:
                case Delivery(link, node):
                    if link is self.link:
                        self.to_device.append(encode(node))
                case Hangup(link):
                    if link is self.link:
                        self.to_device.append(None)

    def _tidy(self) -> None:
        """Do what the loop around the machine does: hang up when asked, begin anew when the vault failed."""
        if self.shell.failure is not None:
            self.machine.give_up(self.shell.failure)
            self.crash()
        elif self.shell.hung_up:
            self.cut()
