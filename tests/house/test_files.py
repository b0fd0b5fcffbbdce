import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from house import tree

_COMMANDS = [Path("run"), Path("test"), Path(".ci/run"), Path("tools/lock")]
_SHELL = [*_COMMANDS, Path("tools/environment.sh")]
# Spelled in pieces, so that this file is not what it looks for.
_REGISTRIES = [
    ".".join(parts)
    for parts in [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com")]
]
_PRIVATE_PATH = re.compile(r"(?<![\w.~/-])/(?:home|Users|root|work)/[\w.]")


def test_no_file_names_a_registry() -> None:
    assert len(tree.files()) > 100
    assert [(path, host) for path in tree.files() for host in _REGISTRIES if host in tree.text(path)] == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert [(path, found) for path in tree.files() if (found := _PRIVATE_PATH.findall(tree.text(path)))] == []


@pytest.mark.parametrize("path", _COMMANDS, ids=str)
def test_a_command_can_be_executed(path: Path) -> None:
    assert (tree.ROOT / path).stat().st_mode & stat.S_IXUSR
    assert tree.text(path).startswith("#!/bin/sh\n")


@pytest.mark.parametrize("path", _SHELL, ids=str)
@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_a_command_is_plain_shell(shell: str, path: Path) -> None:
    found = shutil.which(shell, path=os.defpath)
    if found is None:
        pytest.skip(f"{shell} is not on this machine; sh is")
    arguments = ["--posix", "-n"] if shell == "bash" else ["-n"]
    subprocess.run([found, *arguments, path], cwd=tree.ROOT, check=True)
    assert not re.findall(r"\[\[|\blocal\b|\bfunction\b|\bsource\b|\becho\b|<<<|&>", _code(path))


def test_continuous_integration_runs_what_everybody_runs() -> None:
    assert _code(Path(".ci/run")).split() == ["exec", '"$(dirname', "--", '"$0")/../test"']


def test_the_readme_names_the_two_commands() -> None:
    text = tree.text(Path("README.md"))
    assert "./run" in text
    assert "./test" in text


def _code(path: Path) -> str:
    return "\n".join(line for line in tree.text(path).splitlines() if not line.lstrip().startswith("#"))
