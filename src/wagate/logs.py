"""What the program says about itself: one line per fact, JSON for machines or words for a terminal.

Every line, ours and every library's, passes the same redaction: values under telling names go, and so does anything
that looks like an API key, a password in a URL, a phone number or a WhatsApp address. Message bodies are never logged.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

Format = Literal["auto", "json", "console"]

REDACTED = "[redacted]"
MAX_FILE_BYTES = 10_000_000
KEPT_FILES = 5

_SECRET_NAMES = frozenset(
    {
        "api_key",
        "authorization",
        "body",
        "caption",
        "content",
        "cookie",
        "idempotency_key",
        "master_key",
        "pairing_code",
        "password",
        "payload",
        "plaintext",
        "private_key",
        "qr",
        "secret",
        "set_cookie",
        "text",
        "token",
        "x_api_key",
    }
)
_SECRET_SUFFIXES = ("_secret", "_token", "_password", "_key")
_HARMLESS_NAMES = frozenset({"key_id", "foreign_key", "primary_key"})
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bwag_[A-Za-z0-9_-]{6,}"), "wag_…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 …"),
    (re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^/\s@:]*(?::[^/\s@]*)?@"), r"\g<scheme>…@"),
    (re.compile(r"\b[0-9]{4,15}([0-9]{2})(?::[0-9]+)?@(s\.whatsapp\.net|c\.us|lid)\b"), r"…\1@\2"),
    (re.compile(r"(?<![\w.])\+[0-9][0-9 ().-]{5,17}([0-9]{2})\b"), r"+…\1"),
    (re.compile(r"\b[12]@[A-Za-z0-9+/=]{20,}(?:,[A-Za-z0-9+/=]+)*"), "[pairing code]"),
)
_MAX_DEPTH = 6


def redact(value: object, depth: int = 0) -> object:
    """A copy of a value in which everything that must not be read by whoever reads logs is masked."""
    if isinstance(value, str):
        for pattern, mask in _PATTERNS:
            value = pattern.sub(mask, value)
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= _MAX_DEPTH:
        return REDACTED
    if isinstance(value, Mapping):
        return {
            redact(str(name)): REDACTED if is_secret(str(name)) else redact(inner, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, depth + 1) for inner in value]
    return redact(str(value), depth + 1)


def is_secret(name: str) -> bool:
    """Whether a value under this name is masked whatever it looks like."""
    plain = name.lower().replace("-", "_")
    return plain in _SECRET_NAMES or (plain.endswith(_SECRET_SUFFIXES) and plain not in _HARMLESS_NAMES)


def redact_line(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """The structlog processor that masks a whole line."""
    return {name: REDACTED if is_secret(name) else redact(value) for name, value in line.items()}


def configure_logs(level: str = "info", form: Format = "auto", file: Path | None = None) -> None:
    """Send this process's log lines to a rotating file or to standard error. May be called again.

    ``auto`` writes words when standard error is a terminal, and JSON otherwise; a file always gets JSON.
    """
    words = file is None and (form == "console" or (form == "auto" and sys.stderr.isatty()))
    shared = _shared_processors()
    handler = _handler(file)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(words)],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for chatty in ("alembic", "asyncio", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=False,
    )


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]


def _rendering(words: bool) -> list[Processor]:
    # Tracebacks become text before the masking, so that what an exception quotes is masked as well.
    if words:
        return [
            structlog.processors.format_exc_info,
            redact_line,
            structlog.dev.ConsoleRenderer(timestamp_key="at", pad_event_to=30),
        ]
    return [structlog.processors.format_exc_info, redact_line, structlog.processors.JSONRenderer(serializer=_to_json)]


def _to_json(line: object, **_options: Any) -> str:
    return orjson.dumps(line, default=str).decode()


def _handler(file: Path | None) -> logging.Handler:
    if file is None:
        return logging.StreamHandler(sys.stderr)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _PrivateFile(file, maxBytes=MAX_FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8")


class _PrivateFile(RotatingFileHandler):
    """A rotating file that only its owner can read."""

    @override
    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), self.encoding, write_through=True)
