"""The page about the engines says what the plugs say, also of one that is not installed here."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from typing_extensions import override

from wagate.adapters.clock import SystemClock
from wagate.adapters.engines.fake import WITHOUT_PROMISES, FakeEngine, FakeService
from wagate.cli.engine_proofs import read_proofs
from wagate.cli.engines_page import engines_page
from wagate.plugs import every_engine, is_installed, usable
from wagate.ports.comparison import COSTS, PROMISES, WITHOUT, Entry, every_ability
from wagate.ports.engine import Connection, EngineCosts, EngineFeatures, EngineWords
from wagate.settings import Settings

ROOT = Path(__file__).parents[2]
PROOFS = read_proofs(ROOT / "docs" / "engines.toml")
PROVEN = ("native", "neonize")


class Absent(FakeEngine):
    """An engine that promises nothing, does nothing but send, and needs a module that nobody has."""

    @property
    @override
    def words(self) -> EngineWords:
        return EngineWords("a stranger", unproven="Whether it works.", module="no_such_module_at_all")

    @property
    @override
    def connection(self) -> type[Connection]:
        return Connection


def absent() -> Absent:
    return Absent(FakeService(), SystemClock(), data_sheet=replace(WITHOUT_PROMISES, max_text_bytes=7), word="neonize")


def test_the_committed_page_is_the_generated_one() -> None:
    page = engines_page((Entry.of(engine) for engine in every_engine(Settings())), PROOFS)
    assert (ROOT / "docs" / "engines.md").read_text("utf-8") == page, "run: wagate engines --write docs/engines.md"


def test_every_engine_has_something_to_say() -> None:
    for engine in every_engine(Settings()):
        entry = Entry.of(engine)
        assert entry.summary, engine.name
        assert entry.unproven.endswith("."), engine.name
        assert all(getattr(entry.costs, name) for name in COSTS), engine.name


def test_an_engine_that_is_not_installed_is_compared_and_not_used() -> None:
    stranger = absent()
    assert not is_installed(stranger)
    native = next(engine for engine in every_engine(Settings()) if engine.name == "native")
    assert is_installed(native)
    every = [*every_engine(Settings()), stranger]
    assert [engine.name for engine in usable(every, Settings())] == ["native", "neonize"]
    assert [engine.name for engine in usable(every, Settings(engine="fake"))] == ["native", "neonize", "fake"]
    page = engines_page([Entry.of(native), Entry.of(stranger)])
    for meaning in PROMISES.values():
        yes_or_no = "yes | no" if f"| {meaning} | yes" in page else "no | no"
        assert f"| {meaning} | {yes_or_no} |" in page
    for ability in every_ability():
        assert f"| {ability.meaning} | yes | no |" in page
    assert "| Longest text, in bytes of UTF-8 | 65,536 | 7 |" in page
    assert "* `neonize`: a stranger." in page
    assert "* `neonize`: Whether it works." in page
    assert "With `neonize`, which does not promise `chooses_message_id`" in page


def test_nothing_on_a_data_sheet_is_left_out_of_the_comparison() -> None:
    numbers = {"max_text_bytes", "edit_window_s", "max_poll_options", "max_caption_chars", "max_footer_chars"}
    assert {*PROMISES, "contents", *numbers} == {one.name for one in fields(EngineFeatures)}
    assert {*WITHOUT} <= {*PROMISES}
    assert {*COSTS} == {one.name for one in fields(EngineCosts)}


def test_the_default_is_explained_by_what_there_is() -> None:
    native = next(engine for engine in every_engine(Settings()) if engine.name == "native")
    alone, together = engines_page([Entry.of(native)]), engines_page([Entry.of(native), Entry.of(absent())])
    alone, together = " ".join(alone.split()), " ".join(together.split())
    assert "is planned as the default for real numbers" in alone
    assert "the default for real numbers is `neonize` where it is installed" in together


@pytest.mark.parametrize("name", PROVEN)
def test_what_an_engine_claims_is_shown_and_nothing_else(name: str) -> None:
    (entry,) = (Entry.of(engine) for engine in every_engine(Settings()) if engine.name == name)
    claimed = entry.features.contents | entry.can
    shown = {proof.name for proof in PROOFS if proof.name is not None and name in proof.tests}
    assert shown == claimed


def test_every_proof_is_a_test() -> None:
    for proof in PROOFS:
        assert set(proof.tests) <= set(PROVEN)
        for test in proof.tests.values():
            file, _, function = test.partition("::")
            source = (ROOT / file).read_text("utf-8")
            assert function == "*" or f"def {function}(" in source, test
