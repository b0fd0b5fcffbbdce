"""./run and ./test on a machine where Python and uv are stand-ins that write down what they are asked."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from house import tree

_FILES = ["run", "test", "tools/environment.sh", "pyproject.toml", "requirements/run.txt", "requirements/test.txt"]
_TOOLS = ["cat", "cksum", "date", "dirname", "ln", "mkdir", "mv", "readlink", "rm", "sleep"]
_UV = """#!/bin/sh
[ "$1" = --version ] && exit
printf 'uv %s\\n' "$*" >>"$RECORD"
printf 'cache %s\\n' "${UV_CACHE_DIR:-of the user}" >>"$RECORD"
if [ "$1" = venv ]; then
  mkdir -p .venv/bin
  cat "$(command -v python3)" >.venv/bin/python
  /bin/chmod +x .venv/bin/python
fi
"""
_PYTHON = """#!/bin/sh
case "$1 $2" in
  -V*) echo "Python VERSION" ;;
  *version_info*) exit OLD ;;
  *ensurepip*) exit BARE ;;
  *) printf 'python %s in %s as %s\\n' "$*" "$PWD" "$$" >>"$RECORD" ;;
esac
"""
_CHECKER = """#!/bin/sh
[ "$1" = -V ] && echo Python 3.11.2
echo "TOOL $*" >>"$RECORD"
case "TOOL $*" in "FAILS"*) exit 1 ;; esac
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout, and a PATH that holds next to nothing."""

    folder: Path
    env: dict[str, str]

    @property
    def checkout(self) -> Path:
        return self.folder / "wagate"

    def put(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(script)
        path.chmod(0o755)

    def python(self, version: str = "3.11.2", *, old: bool = False, bare: bool = False) -> None:
        script = _PYTHON.replace("VERSION", version).replace("OLD", str(int(old))).replace("BARE", str(int(bare)))
        self.put("python3", script)

    def do(self, *command: str, cwd: Path | None = None) -> tuple[int, list[str], str]:
        """Run a command of the checkout: its exit status, what the stand-ins were asked, what it said."""
        record = Path(self.env["RECORD"])
        record.write_text("")
        done = subprocess.run(
            [str(self.checkout / command[0]), *command[1:]],
            cwd=cwd or self.checkout,
            env=self.env,
            capture_output=True,
            text=True,
        )
        return done.returncode, record.read_text().splitlines(), done.stdout + done.stderr

    def installs(self, *command: str) -> list[str]:
        """The locks that a command installs."""
        _, asked, _ = self.do(*command)
        return [line.rpartition("requirements/")[2] for line in asked if line.startswith("uv pip sync")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    (tmp_path / "home").mkdir()
    checkout = tmp_path / "wagate"
    for path in [
        "run",
        "test",
        "tools/environment.sh",
        "pyproject.toml",
        "requirements/run.txt",
        "requirements/test.txt",
    ]:
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree.ROOT / path, checkout / path)
    for name in _TOOLS:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name, path=os.defpath)))
    env = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home"), "RECORD": str(tmp_path / "record")}
    machine = Machine(tmp_path, env)
    machine.put("uv", _UV)
    machine.python()
    return machine


def test_an_environment_is_installed_once_and_again_after_each_change(machine: Machine) -> None:
    assert machine.installs("run") == ["run.txt"]
    assert machine.installs("run") == []
    with (machine.checkout / "requirements/run.txt").open("a") as lock:
        lock.write("another==1.0\n")
    assert machine.installs("run") == ["run.txt"]
    assert machine.installs("run") == []


def test_the_environment_of_the_tests_serves_the_gateway_but_not_the_other_way_round(machine: Machine) -> None:
    assert machine.installs("run") == ["run.txt"]
    assert machine.installs("test", "--version") == ["test.txt"]
    assert machine.installs("test", "--version") == []
    assert machine.installs("run") == []


def test_an_installation_that_was_cut_short_is_taken_up_again(machine: Machine) -> None:
    machine.put("uv", _UV + '[ "$2" != sync ]\n')
    status, _, said = machine.do("run")
    assert status == 1
    assert "could not install" in said
    machine.put("uv", _UV)
    assert machine.installs("run") == ["run.txt"]


def test_two_that_start_at_once_take_turns(machine: Machine) -> None:
    turn = machine.checkout / ".uv/turn"
    turn.parent.mkdir()
    turn.symlink_to(str(os.getpid()))
    with subprocess.Popen([machine.checkout / "run"], env=machine.env, stderr=subprocess.PIPE, text=True) as second:
        assert second.stderr is not None
        assert f"process {os.getpid()} is installing" in second.stderr.readline()
        assert not (machine.checkout / ".venv").exists()
        turn.unlink()
        second.communicate()
    assert second.returncode == 0
    assert not turn.is_symlink()
    assert machine.installs("run") == []


def test_a_turn_that_a_killed_process_left_is_nobodys(machine: Machine) -> None:
    with subprocess.Popen(["true"], env=machine.env | {"PATH": os.defpath}) as gone:
        gone.wait()
    turn = machine.checkout / ".uv/turn"
    turn.parent.mkdir()
    turn.symlink_to(str(gone.pid))
    assert machine.installs("run") == ["run.txt"]


@pytest.mark.parametrize("happens", ["the project is moved", "Python is replaced"])
def test_an_environment_that_cannot_work_any_more_is_made_anew(machine: Machine, happens: str) -> None:
    machine.do("run")
    (machine.checkout / ".venv" / "of the old one").touch()
    if happens == "the project is moved":
        machine.checkout.rename(machine.folder / "elsewhere")
        (machine.folder / "elsewhere").rename(machine.checkout)
        stamp = machine.checkout / ".venv/.installed"
        stamp.write_text(stamp.read_text().replace(str(machine.checkout), "/somewhere/else"))
    else:
        machine.python("3.13.0")
        shutil.copy(machine.folder / "bin/python3", machine.checkout / ".venv/bin/python")
    _, asked, _ = machine.do("run")
    assert [line for line in asked if line.startswith("uv venv")]
    assert not (machine.checkout / ".venv" / "of the old one").exists()


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ([], "serve"),
        (["--port", "80"], "serve --port 80"),
        (["--sandbox"], "sandbox"),
        (["--port=80", "--sandbox", "--data", "mine"], "sandbox --port=80 --data {caller}/mine"),
        (["--data=mine"], "serve --data={caller}/mine"),
        (["--data", "/srv/mine"], "serve --data /srv/mine"),
        (["--database-url", "sqlite:///x"], "serve --database-url sqlite:///x"),
        (["--name", "two words"], "serve --name two words"),
    ],
)
def test_run_hands_its_arguments_to_the_gateway(machine: Machine, given: list[str], passed: str) -> None:
    machine.do("run")
    caller = machine.folder / "home"
    _, [asked], _ = machine.do("run", *given, cwd=caller)
    assert asked.partition(" in ")[0] == f"python -m wagate {passed.format(caller=caller)}"
    assert asked.partition(" in ")[2].startswith(f"{machine.checkout} as ")


def test_signals_reach_the_gateway_itself(machine: Machine) -> None:
    machine.do("run")
    with subprocess.Popen([machine.checkout / "run"], env=machine.env, cwd=machine.checkout) as process:
        process.wait()
    assert Path(machine.env["RECORD"]).read_text().split()[-1] == str(process.pid)


@pytest.mark.parametrize("failing", ["", "format", "lint", "types", "contracts", "tests"])
def test_every_check_runs_and_each_one_counts(machine: Machine, failing: str) -> None:
    machine.do("test", "--version")
    checks = {"format": "ruff format", "lint": "ruff check", "types": "python -m mypy"}
    checks |= {"contracts": "lint-imports", "tests": "python -m pytest"}
    for tool in ("ruff", "lint-imports", "python"):
        script = _CHECKER.replace("TOOL", tool).replace("FAILS", checks.get(failing, "nothing"))
        (machine.checkout / ".venv/bin" / tool).write_text(script)
        (machine.checkout / ".venv/bin" / tool).chmod(0o755)
    status, asked, said = machine.do("test")
    assert [check for check in checks.values() if not any(line.startswith(check) for line in asked)] == []
    assert asked[-1].startswith("python -m pytest -n ")
    assert status == (1 if failing else 0)
    last = said.splitlines()[-1]
    assert last.endswith(f"s: {failing}") if failing else "passed in" in last


def test_a_home_that_cannot_be_written_does_not_stop_it(machine: Machine) -> None:
    _, asked, _ = machine.do("run")
    assert "cache of the user" in asked
    shutil.rmtree(machine.checkout / ".venv")
    machine.env["HOME"] = "/dev/null"
    _, asked, _ = machine.do("run")
    assert f"cache {machine.checkout}/.cache/uv" in asked


def _without_python(machine: Machine) -> None:
    (machine.folder / "bin/python3").unlink()


def _with_an_old_python(machine: Machine) -> None:
    machine.python("3.9.18", old=True)


def _where_nothing_can_be_written(machine: Machine) -> None:
    (machine.checkout / ".uv").touch()  # root may write everywhere, but not into a file as if it were a folder


def _without_venv(machine: Machine) -> None:
    (machine.folder / "bin/uv").unlink()
    machine.python(bare=True)


@pytest.mark.parametrize(
    ("lacking", "sentence"),
    [
        (_without_python, "needs Python 3.11 or newer; found: none."),
        (_with_an_old_python, "(Python 3.9.18)"),
        (_without_venv, "apt install python3-venv"),
        (_where_nothing_can_be_written, "cannot write to"),
    ],
)
@pytest.mark.parametrize("command", ["run", "test"])
def test_what_is_missing_is_said(
    machine: Machine, command: str, lacking: Callable[[Machine], None], sentence: str
) -> None:
    lacking(machine)
    status, asked, said = machine.do(command)
    assert status == 1
    assert asked == []
    assert sentence in said
