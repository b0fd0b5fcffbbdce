"""What other processes tell by way of PostgreSQL: NOTIFY. Notices get lost with the line; rows are what counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

_AGAIN_S = 1.0
_ALIVE_S = 30.0
_PATIENCE_S = 5.0

_log = structlog.get_logger(__name__)


async def listen(url: str, channel: str, heard: Callable[[], None]) -> None:
    """Call ``heard`` at every notice on ``channel``, and whenever the line was made (anew), until cancelled."""
    while True:
        try:
            await _listen_once(url, channel, heard)
        except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            _log.info("notices_not_heard", channel=channel, error=repr(error))
        await asyncio.sleep(_AGAIN_S)


async def _listen_once(url: str, channel: str, heard: Callable[[], None]) -> None:
    """Listen until the line is seen to be dead."""
    settings = {"application_name": "wagate listener"}
    connection = await asyncpg.connect(url, timeout=_PATIENCE_S, command_timeout=_PATIENCE_S, server_settings=settings)
    try:
        await connection.add_listener(channel, lambda *_: heard())
        heard()
        while True:
            await asyncio.sleep(_ALIVE_S)
            await connection.execute("SELECT 1")
    finally:
        with suppress(asyncpg.InterfaceError):
            connection.terminate()
