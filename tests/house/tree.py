"""The files of the project: everything under its root but what `.gitignore` names."""

import ast
import functools
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file, relative to the root. Read from the disk and not from git, which a fresh machine may not have."""
    return tuple(sorted(_walk(ROOT)))


def modules(*roots: str) -> list[Path]:
    """The Python modules under these folders of the root, generated ones left out."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in roots and not _is_generated(path)]


@functools.cache
def text(path: Path) -> str:
    """What a file of `files` says; the empty string where it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module of `modules`."""
    try:
        return ast.parse(text(path), str(path))
    except SystemError:
        # CPython before 3.11.5 now and then miscounts how deep it is in a tree, and is right the next time
        # (python/cpython#106905).
        return ast.parse(text(path), str(path))


def _is_generated(path: Path) -> bool:
    return path.stem.endswith("_pb2")


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        path, is_folder = entry.relative_to(ROOT), entry.is_dir() and not entry.is_symlink()
        if any(names(pattern, path, is_folder) for pattern in _ignored()):
            continue
        if is_folder:
            yield from _walk(entry)
        else:
            yield path


def names(pattern: str, path: Path, is_folder: bool) -> bool:
    """Whether a pattern of `.gitignore` names `path`; knows the kinds of pattern that ours has, and no others."""
    if pattern.endswith("/") and not is_folder:
        return False
    bare = pattern.rstrip("/")
    return path == Path(bare[1:]) if bare.startswith("/") else fnmatch(path.name, bare)


@functools.cache
def _ignored() -> tuple[str, ...]:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    return (".git", *(line for line in lines if line and not line.startswith("#")))
