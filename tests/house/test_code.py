import ast
import re
from collections.abc import Iterator

import pytest

from house import tree

_ALL = tree.modules("src", "tests", "bench", "tools")
_BANNED_WORDS = {"manager", "helper", "helpers", "util", "utils", "handler", "data", "info", "base", "common", "core"}
_PATCHES = {("mock", "patch"), ("monkeypatch", "setattr")}
# Spelled in pieces, so that this file is not what it looks for.
_LEFT_FOR_LATER = re.compile(r"\b(?:TO(?:DO)|FIX(?:ME)|XX(?:X)|NotImplemented(?:Error))\b")


def test_a_module_fits_one_sitting() -> None:
    lengths = {str(path): len(tree.text(path).splitlines()) for path in _ALL}
    assert len(lengths) > 100
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_a_module_says_what_it_is_for() -> None:
    assert [path for path in tree.modules("src") if not ast.get_docstring(tree.parsed(path))] == []


def test_names_say_what_a_thing_is() -> None:
    vague = {
        (str(path), name)
        for path in _ALL
        for name in (*path.with_suffix("").parts, *_classes(tree.parsed(path)))
        if _is_vague(name)
    }
    assert vague == set()


def test_nothing_is_left_for_later() -> None:
    assert [(path, found) for path in _ALL if (found := _LEFT_FOR_LATER.findall(tree.text(path)))] == []


def test_no_test_reaches_into_what_it_tests() -> None:
    reached = {str(path): _PATCHES & set(_reached(tree.parsed(path))) for path in tree.modules("tests")}
    assert {path: patches for path, patches in reached.items() if patches} == {}


def test_a_room_reads_its_own_tables_only() -> None:
    rooms = [path for path in tree.modules("src") if path.parts[1:3] == ("wagate", "features") and len(path.parts) > 4]
    foreign = [(path, name) for path in rooms for name in _repositories(tree.parsed(path)) if name != path.parts[3]]
    assert foreign == []


def test_sql_stands_in_the_store_and_in_repositories() -> None:
    writers = [path for path in tree.modules("src") if "wagate.store.script.sql" in set(_imported(tree.parsed(path)))]
    assert len(writers) >= 4
    assert [
        path for path in writers if path.parts[2] != "store" and "repository" not in path.with_suffix("").parts
    ] == []


def _is_vague(name: str) -> bool:
    """Whether a name does not say what the thing is: `session_data`, `BaseEngine`, but not `DataFolder`."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return bool(words) and (words[-1] in _BANNED_WORDS or words[0] in {"base", "common"})


def _classes(module: ast.Module) -> Iterator[str]:
    yield from (node.name for node in ast.walk(module) if isinstance(node, ast.ClassDef))


def _repositories(module: ast.Module) -> Iterator[str]:
    """The rooms whose `repository` a module imports."""
    for name in _imported(module):
        if found := re.match(r"wagate\.features\.(\w+)\.repository\b", name):
            yield found[1]


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=str(source), names=aliases):
                yield from (f"{source}.{alias.name}" for alias in aliases)


def _reached(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The (owner, attribute) pairs that a module names, as `owner.attribute` or as `from owner import attribute`."""
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=attribute):
                yield owner, attribute
            case ast.ImportFrom(module=str(source), names=aliases):
                yield from ((source.rpartition(".")[2], alias.name) for alias in aliases)


@pytest.mark.parametrize(
    ("source", "pair"),
    [
        ("from unittest.mock import patch", ("mock", "patch")),
        ("import unittest.mock\n\nunittest.mock" + ".patch('x')", ("mock", "patch")),
        ("def test(monkeypatch): monkeypatch.setattr(a, 'b', c)", ("monkeypatch", "setattr")),
    ],
)
def test_patching_is_seen_in_every_spelling(source: str, pair: tuple[str, str]) -> None:
    assert pair in set(_reached(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "from wagate.features.access.repository import find_key",
        "from wagate.features.access import repository",
        "import wagate.features.access.repository as keys",
    ],
)
def test_a_foreign_repository_is_seen_in_every_spelling(source: str) -> None:
    assert list(_repositories(ast.parse(source))) == ["access"]
