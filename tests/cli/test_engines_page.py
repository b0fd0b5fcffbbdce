"""The page about the engines says what the plugs say."""

from pathlib import Path

from wagate.adapters.clock import SystemClock
from wagate.bootstrap import ENGINES
from wagate.cli.engines_page import engines_page
from wagate.settings import Settings

ROOT = Path(__file__).parents[2]


def test_the_committed_page_is_the_generated_one() -> None:
    page = engines_page(make(Settings(), SystemClock()) for make in ENGINES.values())
    assert (ROOT / "docs" / "engines.md").read_text("utf-8") == page, "run: wagate engines --write docs/engines.md"
