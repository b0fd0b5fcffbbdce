"""On the wire our engine is whatsmeow's twin, but for what docs/parity.md says."""

import asyncio

import pytest

from judges.parity.acts import ACTS
from judges.parity.compare import Difference, compare
from judges.parity.known import outdated, read_known, unexplained
from judges.parity.page import PAGE, page
from judges.parity.performance import Performance, perform
from judges.parity.recording import altered

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


def test_the_table_names_acts_that_there_are() -> None:
    assert {act for row in KNOWN for act in row.acts} <= {act.name for act in ACTS}
