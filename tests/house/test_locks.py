import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from house import tree

_LOCKS = {"run": {"build"}, "test": {"build", "test", "lint"}, "uv": {"installer"}}
_PROJECT = tomllib.loads(tree.text(Path("pyproject.toml")))


def _lock(name: str) -> list[str]:
    return re.split(r"\n(?=\S)", tree.text(Path(f"requirements/{name}.txt")).replace("\\\n", ""))


def _pins(name: str) -> dict[str, list[Requirement]]:
    pins: dict[str, list[Requirement]] = {}
    for entry in _lock(name):
        requirement = Requirement(entry.split(" --hash=")[0])
        pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


def _versions(name: str) -> set[tuple[str, str]]:
    return {(package, str(pin.specifier)) for package, pins in _pins(name).items() for pin in pins}


def _asked_for(name: str) -> list[Requirement]:
    groups = _PROJECT["dependency-groups"]
    project = [] if name == "uv" else _PROJECT["project"]["dependencies"]
    return [Requirement(text) for text in (*project, *(text for group in _LOCKS[name] for text in groups[group]))]


@pytest.mark.parametrize("name", _LOCKS)
def test_a_lock_names_no_host(name: str) -> None:
    assert not re.findall(
        r"https?:|--(?:extra-)?index-url|--find-links| @ ", tree.text(Path(f"requirements/{name}.txt"))
    )


@pytest.mark.parametrize("name", _LOCKS)
def test_every_entry_of_a_lock_is_one_version_with_hashes(name: str) -> None:
    for entry in _lock(name):
        assert re.match(r"^[\w.-]+==\S+( ; .*)? +--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("name", _LOCKS)
def test_a_lock_holds_what_the_project_asks_for(name: str) -> None:
    pins = _pins(name)
    for asked in _asked_for(name):
        versions = [str(pin.specifier).removeprefix("==") for pin in pins.get(canonicalize_name(asked.name), [])]
        assert versions, f"{asked.name} is not pinned: run tools/lock"
        assert all(asked.specifier.contains(version) for version in versions), f"{asked}: run tools/lock"


def test_the_environment_of_the_tests_can_run_the_gateway() -> None:
    run, test = (
        {(name, pin.specifier) for name, pins in _pins(lock).items() for pin in pins} for lock in ("run", "test")
    )
    assert run - test == set()


def test_the_lock_of_the_judge_names_no_host() -> None:
    lock = json.loads(tree.text(Path("tests/judges/baileys/package-lock.json")))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 50
    assert not [name for name, package in packages.items() if "resolved" in package or "integrity" not in package]
