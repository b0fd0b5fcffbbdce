import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from house import tree

_HEADINGS = ["Status", "Context", "Decision", "Consequences", "Alternatives"]
_DECISIONS = [path for path in tree.files() if path.parent == Path("docs/decisions")]
_PAGE_CHARACTERS = 4_000


def test_every_package_and_its_licence_is_told() -> None:
    done = subprocess.run(
        [sys.executable, tree.ROOT / "tools" / "licences.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "not known here" not in tree.text(Path("docs/licences.md"))


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in _DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 10


def test_a_decision_has_five_headings_and_fits_one_page() -> None:
    for path in _DECISIONS:
        text = tree.text(path)
        assert re.findall(r"^# (\d{4}) ", text, re.MULTILINE) == [path.name[:4]], path
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == _HEADINGS, path
        assert len(text) <= _PAGE_CHARACTERS, path


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(tree.text(Path("pyproject.toml")))
    optional, groups = project["project"].get("optional-dependencies", {}), project["dependency-groups"]
    lists = [project["project"]["dependencies"], *optional.values(), *groups.values()]
    asked = {Requirement(text).name for texts in lists for text in texts if isinstance(text, str)}
    pages = "\n".join(tree.text(path) for path in _DECISIONS)
    assert asked - {bold.partition("[")[0] for bold in re.findall(r"\*\*([^*]+)\*\*", pages)} == set()


def test_links_between_the_pages_lead_somewhere() -> None:
    pages = [path for path in tree.files() if path.suffix == ".md"]
    targets = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", tree.text(page))]
    assert [(page, link) for page, link in targets if not (tree.ROOT / page.parent / link).exists()] == []
