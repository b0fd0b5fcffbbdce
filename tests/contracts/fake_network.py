"""The pretend service as a network of the examination."""

from __future__ import annotations

from dataclasses import asdict

from typing_extensions import override

from contracts.engine_files import FileNetwork, without_id
from contracts.engine_history import PastNetwork
from contracts.engine_marks import MarkNetwork
from contracts.examinee import NOBODY, OTHER, OWN, Shown
from contracts.networks import spoil
from contracts.people_networks import PretendPeople
from wagate.adapters.clock import SystemClock
from wagate.adapters.engines.fake import FEATURES, FakeEngine, FakeService
from wagate.adapters.engines.fake.frames import Ended
from wagate.adapters.engines.fake.manners import Patience
from wagate.adapters.vault.memory import MemoryStorage
from wagate.domain.content import Attached, Quoted
from wagate.domain.jid import Jid
from wagate.domain.marks import ChatMarks, ContactName
from wagate.domain.session import Reason, SessionState
from wagate.ports.engine import Engine, EngineFeatures
from wagate.ports.news import ChatMarked, ContactNamed, MessageStarred


class FakeNetwork(PretendPeople, MarkNetwork, PastNetwork, FileNetwork):
    """The pretend service in this process."""

    def __init__(self, kind: type[FakeEngine] = FakeEngine, sheet: EngineFeatures = FEATURES) -> None:
        self.storage = MemoryStorage()
        self.examinees = []
        self._kind, self._sheet = kind, sheet
        self.service = FakeService()
        self.own, self.other = self.service.phone(OWN, "Own"), self.service.phone(OTHER, "Other")
        self.service.absent.add(Jid.from_phone(NOBODY))

    @override
    def engine(self) -> Engine:
        return self._kind(self.service, SystemClock(), Patience(redial_s=0.02), self._sheet)

    @override
    def hurried_engine(self) -> Engine:
        return self._kind(self.service, SystemClock(), Patience(qr_s=0.02, qr_count=3, redial_s=0.02), self._sheet)

    @override
    async def other_addresses(self) -> set[Jid]:
        return {self.other.jid, self.other.lid}

    @override
    async def scan(self, qr: str) -> None:
        self.own.scan(qr)

    @override
    async def enter_code(self, code: str) -> None:
        self.own.enter_code(code)

    @override
    async def shown(self) -> list[Shown]:
        return [
            Shown(message.wa_id, message.text, message.quoted.wa_id if message.quoted else None, message.mentions)
            for message in self.other.inbox
        ]

    @override
    async def type(self, text: str, *, quote: str | None = None) -> str:
        quoted = None if quote is None else Quoted(quote, self.own.jid)
        return self.other.type(self.own, text, quoted=quoted)

    @override
    async def type_on_own_phone(self, text: str) -> str:
        return self.own.type(self.other, text)

    @override
    async def remember(self, *texts: str) -> list[str]:
        return [self.own.remember(self.other, text, 1_700_000_000 + at) for at, text in enumerate(texts)]

    @override
    async def forget_to_answer(self) -> None:
        self.own.answers_history = False

    @override
    async def send_file(self, content: Attached, mime: str, file: bytes) -> str:
        return self.other.say(self.own, content, file=self.service.store(file, mime))

    @override
    async def file_shown(self, wa_id: str) -> tuple[Attached, bytes] | None:
        shown = next((shown for shown in self.other.inbox if shown.wa_id == wa_id), None)
        if shown is None or shown.file is None:
            return None
        assert isinstance(shown.content, Attached)
        return without_id(shown.content), self.service.files[shown.file.key]

    @override
    async def lose_files(self) -> None:
        self.service.files.clear()

    @override
    async def read(self) -> None:
        self.other.read()

    @override
    async def read_on_own_phone(self) -> None:
        self.own.read()

    @override
    async def drop(self) -> None:
        self.service.drop(self.own)

    @override
    async def go_down(self) -> None:
        self.service.faults.refuse_login = True

    @override
    async def come_up(self) -> None:
        self.service.faults.refuse_login = False

    @override
    async def withhold_acks(self, *, on: bool) -> None:
        self.service.faults.withhold_acks = on

    @override
    async def lose_messages(self, *, on: bool) -> None:
        self.service.faults.lose_posts = on

    @override
    async def refuse_messages(self) -> None:
        self.service.faults.refuse_with = "blocked"

    @override
    async def hide_keys(self) -> None:
        self.service.unreachable.add(self.other.jid)

    @override
    async def ask_again(self, wa_id: str) -> None:
        self.other.ask_again(wa_id)

    @override
    async def repeated(self) -> list[str]:
        return self.other.repeated

    @override
    async def read_by_us(self) -> list[str]:
        return self.other.was_read

    @override
    async def played_by_us(self) -> list[str]:
        return self.other.was_played

    @override
    async def typing_of_us(self) -> bool:
        return (self.own.jid, "composing") in self.other.seen_typing

    @override
    async def end(self, state: SessionState) -> None:
        codes = {
            SessionState.LOGGED_OUT: "device_removed",
            SessionState.BANNED: "banned",
            SessionState.REPLACED: "replaced",
            SessionState.OUTDATED: "client_outdated",
        }
        self.service.end(self.own, Ended(state, Reason(codes[state])))

    @override
    async def refuse_logins(self) -> None:
        for device in self.own.devices:
            device.ended = Ended(SessionState.LOGGED_OUT, Reason("login_refused"))

    @override
    async def damage(self) -> None:
        spoil(self.storage, "credential")

    @override
    async def archive(self, *, on: bool) -> None:
        self.own.agree(ChatMarked(self.other.jid, ChatMarks(archived=on), 0))

    @override
    async def star(self, wa_id: str) -> None:
        self.own.agree(MessageStarred(self.other.jid, wa_id, False, self.other.jid, starred=True, at=0))

    @override
    async def call(self, name: str) -> None:
        self.own.agree(ContactNamed(self.other.jid, None, ContactName(name)))

    @override
    async def set_timer_on_phone(self, seconds: int) -> None:
        self.own.agree(ChatMarked(self.other.jid, ChatMarks(disappearing_s=seconds), 0))

    @override
    async def timer(self) -> int | None:
        told = [news.marks.disappearing_s for news in self.own.agreed if isinstance(news, ChatMarked)]
        return told[-1] if told else None

    @override
    async def marks(self) -> dict[str, object]:
        found: dict[str, object] = {"archived": False, "starred": (starred := set[str]()), "name": None}
        for news in self.own.agreed:
            if isinstance(news, ChatMarked):
                found |= {name: value for name, value in asdict(news.marks).items() if value is not None}
            elif isinstance(news, MessageStarred):
                (starred.add if news.starred else starred.discard)(news.wa_id)
            elif isinstance(news, ContactNamed):
                found["name"] = None if news.name is None else news.name.full
        return found

    @override
    async def violations(self) -> list[str]:
        return self.service.violations
