"""The log: its form, and that nothing in it can be used or read against anybody."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from wagate.features.access.keys import issue
from wagate.logs import MAX_FILE_BYTES, REDACTED, configure_logs, is_secret, redact

_TEXT = "meet me at the old bridge"


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """A log that goes to a file, undone afterwards."""
    root = logging.getLogger()
    handlers, level, ours = root.handlers[:], root.level, structlog.get_config()
    for handler in handlers:
        root.removeHandler(handler)
    file = tmp_path / "logs" / "wagate.log"
    configure_logs("info", "json", file)
    yield file
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.configure(**ours)


def _lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_a_line_is_one_json_document_with_level_time_logger_and_what_was_bound(log_file: Path) -> None:
    structlog.contextvars.bind_contextvars(request_id="req_1")
    try:
        structlog.get_logger("wagate.somewhere").info("session_started", session="ses_1", count=3)
    finally:
        structlog.contextvars.clear_contextvars()
    (line,) = _lines(log_file)
    assert line.pop("at")
    assert line == {
        "event": "session_started",
        "session": "ses_1",
        "count": 3,
        "level": "info",
        "logger": "wagate.somewhere",
        "request_id": "req_1",
    }


def test_lines_of_libraries_take_the_same_way(log_file: Path) -> None:
    logging.getLogger("uvicorn.error").warning("refused %s", "+5511987654321")
    (line,) = _lines(log_file)
    assert line["event"] == "refused +…21"


def test_lines_below_the_level_are_not_written(log_file: Path) -> None:
    structlog.get_logger().debug("nothing")
    logging.getLogger("alembic.runtime").info("chatter")
    structlog.get_logger().info("something")
    assert [line["event"] for line in _lines(log_file)] == ["something"]


def test_an_exception_is_told_without_the_secrets_it_quotes(log_file: Path) -> None:
    _, secret = issue(1_800_000_000_000)
    try:
        raise RuntimeError(f"cannot open socks5://ana:hunter2@proxy:1080 with {secret}")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    written = log_file.read_text("utf-8")
    assert "RuntimeError" in written
    assert "hunter2" not in written
    assert secret not in written
    assert secret[-20:] not in written


def test_a_log_file_is_its_owners_alone_and_turns_over(log_file: Path) -> None:
    structlog.get_logger().info("x" * (MAX_FILE_BYTES // 2))
    structlog.get_logger().info("y" * (MAX_FILE_BYTES // 2))
    structlog.get_logger().info("z")
    files = sorted(log_file.parent.iterdir())
    assert [file.name for file in files] == ["wagate.log", "wagate.log.1"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert [line["event"] for line in _lines(log_file)][-1] == "z"


@pytest.mark.parametrize(
    "name", ["text", "body", "Authorization", "X-Api-Key", "api_key", "client_secret", "noise_key", "qr", "token"]
)
def test_a_telling_name_hides_its_value(name: str) -> None:
    assert is_secret(name)
    assert redact({name: _TEXT, "deep": [{name: _TEXT}]}) == {name: REDACTED, "deep": [{name: REDACTED}]}


@pytest.mark.parametrize("name", ["session", "key_id", "code", "state", "count", "request_id", "event", "context"])
def test_a_harmless_name_does_not(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent to +55 11 98765-4321 now", "sent to +…21 now"),
        ("5511987654321@s.whatsapp.net", "…21@s.whatsapp.net"),
        ("5511987654321:12@s.whatsapp.net", "…21@s.whatsapp.net"),
        ("204837561029384@lid", "…84@lid"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer …"),
        ("http://user:pass@proxy.example:8080/", "http://…@proxy.example:8080/"),
        ("postgresql://wagate:pw@db/wagate", "postgresql://…@db/wagate"),
        ("2@" + "A" * 40 + "," + "B" * 43 + "=,CC", "[pairing code]"),
        ("msg_01KAGQ8Z1B4D7G0J3M5P8R1T6W took 12 ms", "msg_01KAGQ8Z1B4D7G0J3M5P8R1T6W took 12 ms"),
        ("127.0.0.1:3000 answered 200", "127.0.0.1:3000 answered 200"),
    ],
)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(text: str, expected: str) -> None:
    assert redact(text) == expected


@given(st.integers(0, 2**48 - 1), st.text(max_size=20), st.text(max_size=20))
def test_no_key_of_ours_survives(now_ms: int, before: str, after: str) -> None:
    _, secret = issue(now_ms)
    masked = str(redact({"note": f"{before} {secret} {after}"}))
    assert secret not in masked
    assert secret.rpartition("_")[2] not in masked


def test_bytes_and_bottomless_values_are_never_written_out() -> None:
    bottomless: dict[str, object] = {}
    bottomless["again"] = bottomless
    assert redact(b"ratchet") == "[7 bytes]"
    assert "again" in str(redact(bottomless))
