"""How flows wait: what resumes them, what ends them, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engines.native.replay_shell import Disk, ReplayShell
from wagate.adapters.engines.native.machine.errors import LineLost, RequestRefused, Unanswered
from wagate.adapters.engines.native.machine.flows import Ask, Commit, Compute, Flow, Flows, Join, List, Load, Pause
from wagate.ports.vault import Unit, VaultFailed
from whatsapp_wire.encoding import encode
from whatsapp_wire.node import Node


class Stage:
    """Flows on a shell, and what came of each."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shell = ReplayShell(Disk(), lambda: self.now)
        self.flows = Flows(self.shell)
        self.flows.is_open = True
        self.ends: list[object] = []

    def start(self, flow: Flow[object], *, ends_with_line: bool = False) -> None:
        self.flows.start(flow, lambda error, value: self.ends.append(error or value), ends_with_line=ends_with_line)

    def answer(self) -> None:
        self.shell.answers.popleft()()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for timer in list(self.shell.timers):
            if timer.due <= self.now and timer.then is not None:
                self.shell.timers.remove(timer)
                timer.then()


@pytest.fixture
def stage() -> Stage:
    return Stage()


REQUEST = encode(Node("iq", {"id": "1"}))


def _ask(id: str = "1") -> Flow[object]:
    answer: object = yield Ask(id, REQUEST, 10.0)
    return answer


def test_what_is_loaded_is_not_waited_for(stage: Stage) -> None:
    def flow() -> Flow[object]:
        yield Load((("kind", "a"),))
        yield Load((("kind", "a"),))
        return stage.shell.get("kind", "a")

    stage.shell.disk.records["kind", "a"] = b"value"
    stage.start(flow())
    assert stage.ends == []
    stage.answer()
    assert stage.ends == [b"value"]
    assert not stage.shell.answers


def test_a_vault_that_fails_ends_a_flow_and_the_machine(stage: Stage) -> None:
    def flow() -> Flow[object]:
        yield Load((("kind", "a"),))
        return stage.shell.get("kind", "a")

    stage.start(flow())
    failure = VaultFailed("gone")
    stage.shell.failure = failure
    stage.answer()
    assert stage.ends == [failure]
    stage.shell.failure = None
    stage.start(_commit())
    stage.shell.fail_commits()
    assert isinstance(stage.ends[-1], VaultFailed)
    assert stage.shell.failure is stage.ends[-1]


def _commit() -> Flow[object]:
    yield Commit(Unit())
    return "durable"


def test_a_commit_a_pause_a_list_and_a_result(stage: Stage) -> None:
    def flow() -> Flow[object]:
        unit = Unit()
        unit.put("kind", "a", b"1")
        yield Commit(unit)
        yield Pause(5)
        listed: list[tuple[str, bytes]] = yield List("kind")
        doubled: int = yield Compute(lambda: len(listed) * 2)
        return doubled

    stage.start(flow())
    stage.shell.commit()
    stage.wait(4)
    assert not stage.shell.answers
    stage.wait(1)
    stage.answer()
    stage.answer()
    assert stage.ends == [2]


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (lambda stage: stage.wait(10), Unanswered),
        (lambda stage: stage.flows.line_lost(), LineLost),
        (
            lambda stage: stage.flows.answered(
                Node("iq", {"id": "1", "type": "error"}, [Node("error", {"code": 404, "text": "no"})])
            ),
            RequestRefused,
        ),
        (lambda stage: stage.flows.answered(Node("iq", {"id": "1", "type": "result"})), Node),
    ],
)
def test_a_question_has_one_end(stage: Stage, happens: Callable[[Stage], None], expected: type) -> None:
    stage.start(_ask())
    assert stage.shell.written.popleft() == REQUEST
    happens(stage)
    assert [type(end) for end in stage.ends] == [expected]
    stage.flows.answered(Node("iq", {"id": "1", "type": "result"}))
    stage.flows.line_lost()
    stage.wait(100)
    assert len(stage.ends) == 1


def test_nothing_is_asked_without_a_line(stage: Stage) -> None:
    stage.flows.line_lost()
    stage.start(_ask())
    assert isinstance(stage.ends[0], LineLost)
    assert not stage.shell.written


def test_a_flow_may_survive_an_error(stage: Stage) -> None:
    def flow() -> Flow[object]:
        try:
            yield from _ask()
        except Unanswered:
            return (yield from _ask("2"))
        return None

    stage.start(flow())
    stage.wait(10)
    answer = Node("iq", {"id": "2", "type": "result"})
    stage.flows.answered(answer)
    assert stage.ends == [answer]


def test_one_flow_serves_everybody_who_asks_meanwhile(stage: Stage) -> None:
    begun = 0

    def begin() -> Flow[object]:
        nonlocal begun
        begun += 1
        return _ask(str(begun))

    def flow() -> Flow[object]:
        result: object = yield Join("key", begin)
        return result

    for _ in range(3):
        stage.start(flow())
    assert begun == 1
    answer = Node("iq", {"id": "1", "type": "result"})
    stage.flows.answered(answer)
    assert stage.ends == [answer] * 3
    stage.start(flow())
    stage.wait(10)
    assert (begun, type(stage.ends[-1])) == (2, Unanswered)


def test_what_belongs_to_a_line_ends_with_it_in_silence(stage: Stage) -> None:
    closed = []

    def flow() -> Flow[object]:
        try:
            yield Pause(60)
        finally:
            closed.append(True)
        return None

    stage.start(flow(), ends_with_line=True)
    stage.start(flow())
    stage.flows.line_lost()
    assert (closed, stage.ends) == ([True], [])
    stage.wait(60)
    assert (closed, stage.ends) == ([True, True], [None])


def test_giving_up_is_heard_by_all(stage: Stage) -> None:
    def joined() -> Flow[object]:
        yield Join("key", _ask)
        return None

    stage.start(joined())
    stage.start(_commit())
    stage.start(_ask("2"), ends_with_line=True)
    failure = VaultFailed("over")
    stage.flows.give_up(failure)
    assert stage.ends == [failure] * 3
    stage.shell.commit()
    stage.flows.answered(Node("iq", {"id": "1", "type": "result"}))
    assert len(stage.ends) == 3


def test_a_mistake_in_a_flow_is_heard(stage: Stage) -> None:
    def flow() -> Flow[object]:
        yield Pause(1)
        return 1 // 0

    stage.start(flow())
    stage.flows.start(flow())
    stage.wait(1)
    assert [type(end) for end in stage.ends] == [ZeroDivisionError]
