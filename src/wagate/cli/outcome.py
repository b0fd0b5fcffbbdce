"""How a command ends: clear sentences for people, JSON for machines, one exit code per kind of failure."""

from __future__ import annotations

import json
import sys
from enum import IntEnum


class Exit(IntEnum):
    """What a script can tell from the exit code. 2 is Typer's own, for a wrong option or argument."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_ALLOWED = 4
    IN_USE = 5
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done",
    Exit.FAILED: "the gateway refused, or something did not work; the sentence on standard error says what",
    Exit.USAGE: "a wrong option or argument",
    Exit.UNREACHABLE: "no gateway answers at this address",
    Exit.NOT_ALLOWED: "no API key was given, or it is not valid or not allowed to do this",
    Exit.IN_USE: "the data directory or the port is in use by another process",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}


class CommandFailed(Exception):
    """A command cannot go on. The text is the sentence that a human reads."""

    def __init__(self, sentence: str, exit_code: Exit = Exit.FAILED) -> None:
        """``sentence`` says what is wrong and what to do."""
        super().__init__(sentence)
        self.exit_code = exit_code


def say(*lines: str) -> None:
    """Print for a human, at once."""
    sys.stdout.write("".join(line + "\n" for line in lines))
    sys.stdout.flush()


def say_json(value: object) -> None:
    """Print for a machine: one JSON document on one line, at once."""
    say(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def complain(sentence: str) -> None:
    """Print on standard error."""
    sys.stderr.write(f"wagate: {sentence}\n")
    sys.stderr.flush()
