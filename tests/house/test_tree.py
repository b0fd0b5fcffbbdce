from pathlib import Path

import pytest

from house import tree


@pytest.mark.parametrize(
    ("pattern", "path", "is_folder", "expected"),
    [
        ("__pycache__/", "tests/__pycache__", True, True),
        ("data/", "src/data", False, False),
        ("*.py[co]", "tests/x.pyc", False, True),
        ("*.py[co]", "tests/x.py", False, False),
        ("/data/", "data", True, True),
        ("/data/", "src/data", True, False),
    ],
)
def test_gitignore_is_read_as_git_reads_it(pattern: str, path: str, is_folder: bool, expected: bool) -> None:
    assert tree.names(pattern, Path(path), is_folder) == expected


def test_the_files_of_the_project_are_found_and_its_caches_are_not() -> None:
    found = tree.files()
    assert {Path("pyproject.toml"), Path("run"), Path("src/wagate/__init__.py"), Path(".ci/run")} <= set(found)
    assert not [path for path in found if path.parts[0] in {".git", ".venv", ".cache", ".mypy_cache"}]
    assert not [path for path in found if path.suffix == ".pyc"]
