"""On the wire our engine is whatsmeow's twin, but for what docs/parity.md says."""

import asyncio
from pathlib import Path
from typing import get_args

import pytest

from judges.parity.acts import ACTS
from judges.parity.compare import Difference, compare
from judges.parity.judged import JUDGED
from judges.parity.known import outdated, read_known, unexplained
from judges.parity.page import PAGE, page
from judges.parity.performance import Performance, perform
from judges.parity.recording import altered
from wagate.adapters.engines.native.connection import NativeConnection
from wagate.adapters.engines.native.engine import FEATURES
from wagate.domain.content import Content, Deleted, Unsupported
from wagate.ports import abilities

KNOWN = read_known()


@pytest.fixture(scope="module")
def performances(tmp_path_factory: pytest.TempPathFactory) -> tuple[Performance, Performance]:
    """What native and whatsmeow said."""
    return asyncio.run(perform(tmp_path_factory.mktemp("parity")))


@pytest.fixture(scope="module")
def differences(performances: tuple[Performance, Performance]) -> list[Difference]:
    """Where they differ."""
    native, whatsmeow = (performance.forms() for performance in performances)
    return [found for act in ACTS for found in compare(act.name, native[act.name], whatsmeow[act.name])]


@pytest.mark.judge
def test_every_act_was_heard_from_both(performances: tuple[Performance, Performance]) -> None:
    for performance in performances:
        heard = performance.forms()
        assert [act.name for act in ACTS if not heard[act.name]] == []


@pytest.mark.judge
def test_no_difference_is_unknown(differences: list[Difference]) -> None:
    assert unexplained(differences, KNOWN) == []


@pytest.mark.judge
def test_no_known_difference_is_gone(differences: list[Difference]) -> None:
    assert outdated(differences, KNOWN) == []


@pytest.mark.judge
def test_the_codec_changes_no_byte_of_either(performances: tuple[Performance, Performance]) -> None:
    for performance in performances:
        assert altered(performance.records) == []


def test_the_page_tells_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(KNOWN)


def test_everything_that_we_say_or_do_is_in_the_list_of_what_is_judged() -> None:
    said = {kind.type for kind in get_args(Content) if kind not in (Unsupported, Deleted)}
    can = {
        f"{name}.{method}"
        for name, ability in vars(abilities).items()
        if isinstance(ability, type)
        and ability.__module__ == abilities.__name__
        and issubclass(NativeConnection, ability)
        for method in vars(ability)
        if callable(getattr(ability, method)) and not method.startswith("_")
    }
    assert len(can) > 30
    listed = [covered for row in JUDGED for covered in row.covers]
    assert sorted(listed) == sorted({*said, *FEATURES.contents, *can})


def test_the_list_of_what_is_judged_names_acts_and_tests_that_there_are() -> None:
    assert {act for row in JUDGED for act in row.acts} <= {act.name for act in ACTS}
    assert [row.what for row in JUDGED if not row.acts and not row.unheard] == []
    for test in {test for row in JUDGED for test in row.tests}:
        file, _, name = test.partition("::")
        assert f"async def {name}(" in Path(__file__).with_name(file).read_text(encoding="utf-8"), test


def test_the_table_names_acts_that_there_are() -> None:
    assert {act for row in KNOWN for act in row.acts} <= {act.name for act in ACTS}
