"""The form of the examination: questions, whom each one is for, and who sits it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, fields
from enum import Enum

import pytest

from contracts.examinee import Network
from wagate.ports.engine import Connection, EngineFeatures

Ask = Callable[[Network], Awaitable[None]]

PROMISES = tuple(one.name for one in fields(EngineFeatures) if one.type == "bool")
"""The fields of a data sheet that an engine claims or does not claim."""


class Stage(Enum):
    """What a network has to be able to do for a question, besides what `Network` asks of all of them."""

    SHORT_CODES = "has QR codes that end within a moment"
    SILENCE = "falls silent while an engine listens closely"
    IMPATIENCE = "makes an engine give up on an answer within a moment"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine as it presents itself: its promises, what its connections can do, what its network can stage.

    ``carries``: its linked devices can be carried to and from other engines.
    """

    name: str
    features: EngineFeatures
    connection: type[Connection]
    stages: frozenset[Stage] = frozenset()
    carries: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and for whom: those who make a promise, or do not; who have an ability; whose network has a stage."""

    ask: Ask
    promised: str | None = None
    unpromised: str | None = None
    ability: type | None = None
    stage: Stage | None = None
    carries: bool = False

    def excuse(self, candidate: Candidate) -> str | None:
        """Why this is not for a candidate; None: it is."""
        name, sheet = candidate.name, candidate.features
        if self.promised is not None and not getattr(sheet, self.promised):
            return f"{name} does not promise {self.promised}"
        if self.unpromised is not None and getattr(sheet, self.unpromised):
            return f"{name} promises {self.unpromised}: another question asks for it"
        if self.ability is not None and not issubclass(candidate.connection, self.ability):
            return f"{name} does not have the ability {self.ability.__name__}"
        if self.carries and not candidate.carries:
            return f"{name} does not carry devices"
        if self.stage is not None and self.stage not in candidate.stages:
            return f"the network of {name} cannot stage it: nothing there {self.stage.value}"
        return None


@dataclass(frozen=True, slots=True)
class Paper:
    """A part of the examination. A question is added where it is written."""

    questions: list[Question] = field(default_factory=list)

    def asks(
        self,
        *,
        promised: str | None = None,
        unpromised: str | None = None,
        ability: type | None = None,
        stage: Stage | None = None,
        carries: bool = False,
    ) -> Callable[[Ask], Ask]:
        """Add a question: for everybody, unless something is named."""
        assert {promised, unpromised} <= {None, *PROMISES}, "there is no such promise"

        def add(ask: Ask) -> Ask:
            self.questions.append(Question(ask, promised, unpromised, ability, stage, carries))
            return ask

        return add


def sits(candidate: Candidate, questions: Iterable[Question]) -> pytest.MarkDecorator:
    """Have a test sit the examination. A question that is not for the candidate is shown as skipped, and why."""
    return pytest.mark.parametrize("question", [_for(candidate, question) for question in questions])


def _for(candidate: Candidate, question: Question) -> object:
    excuse = question.excuse(candidate)
    marks = () if excuse is None else (pytest.mark.skip(reason=excuse),)
    return pytest.param(question, id=question.ask.__name__, marks=marks)
