"""What the pages for newcomers say about the command line is what it does."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from wagate import settings
from wagate.cli.app import app
from wagate.cli.outcome import MEANINGS
from wagate.domain.session import SessionState
from wagate.sandbox.scene import Scene

_DOCS = Path(__file__).parents[2] / "docs"
_QUICKSTART = (_DOCS / "quickstart.md").read_text("utf-8")


def test_every_exit_code_is_in_the_quickstart() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", _QUICKSTART, re.MULTILINE))
    assert rows == {str(code.value): meaning for code, meaning in MEANINGS.items()}


def test_every_command_is_in_the_quickstart() -> None:
    told = set(re.findall(r"wagate ([a-z]+)", _QUICKSTART))
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]  # an app of several commands is a group
    assert commands <= told


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert (_DOCS / "reference" / "settings.md").read_text("utf-8") == settings.reference()


def test_the_people_of_the_sandbox_have_the_numbers_that_are_told() -> None:
    scene = Scene()
    for person in (scene.alice, scene.bob, scene.carol):
        assert f"**{person.name}** ({person.phone})" in _QUICKSTART


def test_every_state_is_explained() -> None:
    page = (_DOCS / "howto" / "pair-a-phone.md").read_text("utf-8")
    table = page.partition("| state |")[2]
    assert set(re.findall(r"`(\w+)`", table)) >= {state.value for state in SessionState}
