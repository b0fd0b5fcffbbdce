"""The examination is worth something: everything that is claimed is asked for, and who lies fails."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from typing_extensions import override

from contracts.examinee import PATIENCE_S
from contracts.fake_network import FakeNetwork
from contracts.paper import PROMISES, Candidate, Question
from contracts.test_engines import CANDIDATES, FAKE, QUESTIONS, UNPROMISING, sit
from wagate.adapters.engines.fake import FEATURES, WITHOUT_PROMISES, FakeEngine
from wagate.ports import abilities
from wagate.ports.engine import EngineFeatures

IMPATIENT_S = 1.0
"""Long enough for an engine in this process, and short enough to wait for what a liar never does."""

KEPT_BY_FAKE = ("chooses_message_id", "acks_after_persist", "answers_retries_from_store")


@pytest.mark.parametrize("promise", PROMISES)
def test_who_claims_a_promise_is_asked_about_it(promise: str) -> None:
    claimed = any(getattr(candidate.features, promise) for candidate in CANDIDATES)
    assert not claimed or any(question.promised == promise for question in QUESTIONS)


def test_who_has_an_ability_is_asked_about_it() -> None:
    members = [found for _, found in inspect.getmembers(abilities, inspect.isclass)]
    every = {found for found in members if found.__module__ == abilities.__name__ and hasattr(found, "_is_protocol")}
    assert {question.ability for question in QUESTIONS} - {None} == every


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_an_excuse_names_the_candidate_and_what_it_lacks(candidate: Candidate) -> None:
    for question in QUESTIONS:
        excuse = question.excuse(candidate)
        assert excuse is None or (candidate.name in excuse and len(excuse) > len(candidate.name) + 10)


def test_every_candidate_sits_most_of_it() -> None:
    """Of what is not about an ability: those are named one by one, and an engine may well lack some."""
    for_all = [question for question in QUESTIONS if question.ability is None]
    for candidate in CANDIDATES:
        sat = [question for question in for_all if question.excuse(candidate) is None]
        assert len(sat) >= 0.6 * len(for_all), candidate.name


class Boaster(FakeEngine):
    """Behaves as its data sheet says and claims every promise."""

    @property
    @override
    def features(self) -> EngineFeatures:
        return FEATURES


class Denier(FakeEngine):
    """Behaves as its data sheet says and claims no promise."""

    @property
    @override
    def features(self) -> EngineFeatures:
        return WITHOUT_PROMISES


@pytest.mark.parametrize("promise", KEPT_BY_FAKE)
async def test_who_claims_what_it_does_not_keep_fails(promise: str) -> None:
    lies = replace(FEATURES, **{promise: False})  # type: ignore[arg-type]  # every promise is a bool
    asked = [question for question in QUESTIONS if question.promised == promise]
    assert await failures(Boaster, lies, asked) == [question.ask.__name__ for question in asked]


async def test_who_chooses_ids_and_says_that_it_does_not_fails() -> None:
    asked = [question for question in QUESTIONS if question.unpromised == "chooses_message_id"]
    assert await failures(Denier, FEATURES, asked)


async def test_who_keeps_quiet_about_a_gap_fails() -> None:
    asked = [question for question in QUESTIONS if question.unpromised == "acks_after_persist"]
    assert await failures(Denier, FEATURES, asked) == ["a_gap_is_suspected_after_an_unclean_end"]


@pytest.mark.parametrize(("candidate", "sheet"), [(FAKE, FEATURES), (UNPROMISING, WITHOUT_PROMISES)])
async def test_the_honest_ones_pass_with_as_little_patience(candidate: Candidate, sheet: EngineFeatures) -> None:
    """So what fails a liar above is the lie."""
    asked = [question for question in QUESTIONS if question.excuse(candidate) is None]
    assert await failures(FakeEngine, sheet, asked) == []


async def failures(kind: type[FakeEngine], sheet: EngineFeatures, questions: list[Question]) -> list[str]:
    """The names of the questions that an engine fails."""
    failed = []
    PATIENCE_S.set(IMPATIENT_S)
    for question in questions:
        try:
            await sit(question, FakeNetwork(kind, sheet))
        except Exception:  # whatever a lie leads to
            failed.append(question.ask.__name__)
    return failed
