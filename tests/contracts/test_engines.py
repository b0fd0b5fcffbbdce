"""Who sits the engines' examination: native and neonize on the emulator, the fake with all promises and with none.

To add a candidate: a network for it in ``networks.py``, a ``Candidate`` and a test function below. ``pytest -rs`` shows
which questions are not for whom, and why.
"""

from contracts import (
    engine,
    engine_carrying,
    engine_files,
    engine_groups,
    engine_history,
    engine_marks,
    engine_passkeys,
    engine_people,
    engine_promises,
    engine_refusals,
    engine_statuses,
    engine_survival,
)
from contracts.engine_groups import GUEST
from contracts.examinee import OTHER, OWN, Network
from contracts.fake_network import FakeNetwork
from contracts.invariants import contradictions
from contracts.neonize_network import NeonizeNetwork
from contracts.networks import EmulatedNetwork
from contracts.paper import Candidate, Question, Stage, sits
from judges.peers import scratch
from wagate.adapters.engines.fake import FEATURES as FAKE_FEATURES
from wagate.adapters.engines.fake import WITHOUT_PROMISES
from wagate.adapters.engines.fake.connection import FakeConnection
from wagate.adapters.engines.native.connection import NativeConnection
from wagate.adapters.engines.native.engine import FEATURES as NATIVE_FEATURES
from wagate.adapters.engines.neonize.connection import NeonizeConnection
from wagate.adapters.engines.neonize.engine import FEATURES as NEONIZE_FEATURES
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator

PAPERS = (
    engine.PAPER,
    engine_survival.PAPER,
    engine_refusals.PAPER,
    engine_promises.PAPER,
    engine_carrying.PAPER,
    engine_groups.PAPER,
    engine_files.PAPER,
    engine_history.PAPER,
    engine_people.PAPER,
    engine_marks.PAPER,
    engine_passkeys.PAPER,
    engine_statuses.PAPER,
)
QUESTIONS = [question for paper in PAPERS for question in paper.questions]

QUICK_ONES = frozenset({Stage.SHORT_CODES, Stage.IMPATIENCE})
"""neonize's network has neither: whatsmeow shows a code for 20 s and waits 75 s for an answer."""

NATIVE = Candidate("native", NATIVE_FEATURES, NativeConnection, frozenset(Stage), carries=True)
FAKE = Candidate("fake", FAKE_FEATURES, FakeConnection, QUICK_ONES)
UNPROMISING = Candidate("fake without promises", WITHOUT_PROMISES, FakeConnection, QUICK_ONES)
NEONIZE = Candidate("neonize", NEONIZE_FEATURES, NeonizeConnection, carries=True)
CANDIDATES = (NATIVE, NEONIZE, FAKE, UNPROMISING)


async def sit(question: Question, network: Network) -> None:
    """Answer a question; whatever it was, nothing forbidden and nothing contradictory may have happened."""
    try:
        await question.ask(network)
    finally:
        for examinee in network.examinees:
            await examinee.leave()
    assert [found for examinee in network.examinees for found in contradictions(examinee)] == []
    assert await network.violations() == []


@sits(FAKE, QUESTIONS)
async def test_fake(question: Question) -> None:
    await sit(question, FakeNetwork())


@sits(UNPROMISING, QUESTIONS)
async def test_fake_without_promises(question: Question) -> None:
    await sit(question, FakeNetwork(sheet=WITHOUT_PROMISES))


async def _people(control: EmulatorClient) -> None:
    for phone, name in ((OWN, "Own"), (OTHER, "Other"), (GUEST, "Guest")):
        await control.account(phone, name)


@sits(NATIVE, QUESTIONS)
async def test_native(question: Question, emulator: Emulator, control: EmulatorClient) -> None:
    await _people(control)
    await sit(question, EmulatedNetwork(emulator, control))


@sits(NEONIZE, QUESTIONS)
async def test_neonize(question: Question, emulator: Emulator, control: EmulatorClient) -> None:
    await _people(control)
    # Every phone keeps its own name for its devices; whatsmeow shows nobody online without one.
    await control.phone(OWN).app_state("push-name", name="Own")
    with scratch() as folder:
        await sit(question, NeonizeNetwork(emulator, control, folder))
