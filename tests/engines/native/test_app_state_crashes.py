"""Whatever breaks, whenever it breaks: what the account's devices agree on is read to its end, written and told."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from engines.native.lines import OTHER, OWN
from engines.native.replay import Replay
from wagate.adapters.engines.native.machine import app_state_commands
from wagate.adapters.engines.native.machine.app_state_records import DUE, STATE, VALUES, unpack_position
from wagate.adapters.whatsapp_web.files import MediaFailed
from wagate.domain.jid import Jid
from wagate.domain.marks import NOT_MUTED, ChatMarks
from wagate.ports.news import ChatMarked
from whatsapp_wire.app_state import actions
from whatsapp_wire.app_state.keys import MAC_SIZE
from whatsapp_wire.jid import Jid as WireJid
from whatsapp_wire.media.content import MediaFile
from whatsapp_wire.media.opening import MediaOpener

CHAT = WireJid(f"{OTHER}@s.whatsapp.net")


class Sharing(Replay):
    """A line whose phone marks a chat, as it does itself."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, is_warm=False)
        self.asked = 0

    def phone_pins(self) -> None:
        self.world.phone(OWN).app_state.pin(CHAT, on=bool(self.random.getrandbits(1)))
        self._carry()

    def phone_mutes(self) -> None:
        self.world.phone(OWN).app_state.mute(CHAT, self.random.choice([None, 5_000, 6_000]))
        self._carry()

    def phone_changes_its_key(self) -> None:
        self.world.phone(OWN).app_state.change_key(share=bool(self.random.getrandbits(1)))
        self._carry()

    def server_spoils(self) -> None:
        self.world.faults.app_state_spoil = 1

    def archive(self) -> None:
        self._mark(ChatMarks(archived=bool(self.random.getrandbits(1))))

    def mute(self) -> None:
        self._mark(ChatMarks(muted_until=self.random.choice([NOT_MUTED, 7_000, 8_000])))

    def pass_time(self) -> None:
        self.wait(30)

    def _mark(self, marks: ChatMarks) -> None:
        self.asked += 1
        flow = lambda us: app_state_commands.mark_chat(us, Jid(CHAT), marks, None)  # noqa: E731
        self.machine.run(flow, lambda *_: None)
        self._tidy()

    @override
    def _start(self) -> None:
        super()._start()
        self.shell.fetch = self._fetch

    def _fetch(self, file: MediaFile) -> tuple[Exception | None, object]:
        stored = self.world.media.look_up(file.direct_path)
        if stored.content is None:
            return MediaFailed("there is no such file"), None
        opener = MediaOpener(file.secret)
        return None, opener.update(stored.content) + opener.finish()


class Step(Enum):
    """What can happen next; the name is `Sharing`'s."""

    PHONE_PINS = "phone_pins"
    PHONE_MUTES = "phone_mutes"
    PHONE_CHANGES_ITS_KEY = "phone_changes_its_key"
    SERVER_SPOILS = "server_spoils"
    ARCHIVE = "archive"
    MUTE = "mute"
    PASS_TIME = "pass_time"
    ANSWER = "answer"
    COMMIT = "commit"
    HEAR = "hear"
    SPEAK = "speak"
    CUT = "cut"
    DIAL = "dial"
    CRASH = "crash"
    FAIL_COMMIT = "fail_commit"
    FORGET_CLEAN = "forget_clean"


_OFTEN = [Step.ANSWER, Step.COMMIT, Step.HEAR, Step.SPEAK]
_EXCHANGE = [Step.ANSWER, Step.SPEAK, Step.HEAR, Step.COMMIT]


def play(sharing: Sharing, step: Step, times: int = 1) -> None:
    for _ in range(times if step in _OFTEN else 1):
        getattr(sharing, step.value)()


def end(sharing: Sharing) -> None:
    """Let everything happen that is left, retries with a pause included."""
    sharing.world.faults.app_state_spoil = 0
    for _ in range(4):
        sharing.settle()
        sharing.wait(90_000)
    sharing.cut()
    sharing.settle()


def check(sharing: Sharing) -> None:
    assert sharing.world.audit.violations == []
    account, records = sharing.world.account(OWN), sharing.disk.records
    assert [key for key in records if key[0] == DUE] == []
    for name, collection in account.collections.items():
        position, held = unpack_position(records[STATE, name]), account.handset.app_state.held(name)
        assert position == held.position
        assert position is not None
        assert position.version == collection.version
        stored = b"".join(
            value for (kind, at), value in records.items() if kind == VALUES and at.startswith(f"{name}/")
        )
        pairs = {
            stored[at : at + MAC_SIZE]: stored[at + MAC_SIZE : at + 2 * MAC_SIZE] for at in range(0, len(stored), 64)
        }
        assert pairs == held.values
    _check_news(sharing, account.handset.app_state.actions())


def _check_news(sharing: Sharing, in_force: list[actions.Action]) -> None:
    """Whoever only listened knows what the phone knows."""
    told: dict[str, object] = {"pinned": False, "archived": False, "muted_until": NOT_MUTED}
    for news in sharing.disk.ledger:
        if isinstance(news, ChatMarked):
            known = {
                "pinned": news.marks.pinned,
                "archived": news.marks.archived,
                "muted_until": news.marks.muted_until,
            }
            told |= {name: value for name, value in known.items() if value is not None}
    for action in in_force:
        match action:
            case actions.Pin(_, on):
                assert told["pinned"] is on
            case actions.Archive(_, on):
                assert told["archived"] is on
            case actions.Mute(_, until):
                assert told["muted_until"] == (until or NOT_MUTED)


@given(
    seed=st.integers(0, 7),
    steps=st.lists(st.tuples(st.sampled_from([*Step, *_OFTEN, *_OFTEN, *_OFTEN]), st.integers(1, 4)), max_size=60),
)
@settings(max_examples=60, deadline=None)
def test_everything_is_read_written_and_told(seed: int, steps: list[tuple[Step, int]]) -> None:
    sharing = Sharing(seed)
    for step, times in steps:
        play(sharing, step, times)
    end(sharing)
    check(sharing)


@pytest.mark.parametrize("accident", [Step.CRASH, Step.CUT, Step.FAIL_COMMIT, Step.SERVER_SPOILS])
def test_every_step_may_be_the_last(accident: Step) -> None:
    """The phone and we mark the same chat, with one accident at each step in turn."""
    for at in range(0, 40, 2):
        sharing = Sharing(at)
        acts: list[Callable[[], None]] = [sharing.archive, sharing.phone_pins, sharing.mute, sharing.phone_mutes]
        for step in range(40):
            if step == at:
                play(sharing, accident)
            if step % 10 == 0:
                acts[step // 10]()
            play(sharing, _EXCHANGE[step % 4], 4)
        end(sharing)
        check(sharing)
        assert sharing.asked == 2
