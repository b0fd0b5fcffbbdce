"""What is kept of messages that have left is not kept for ever."""

from __future__ import annotations

import time

import structlog

from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.records import CAPTIONED, DONE, POLLS, UPLOADS
from wagate.adapters.whatsapp_web.files import REUSE_S
from wagate.ports.engine import Line
from wagate.ports.vault import VaultFailed

_log = structlog.get_logger(__name__)


async def forget_done(line: Line, limits: Limits) -> None:
    """Delete what nobody can need any more."""
    now = time.time()
    kept = {DONE: limits.done_kept_s, CAPTIONED: limits.done_kept_s, POLLS: limits.polls_kept_s, UPLOADS: REUSE_S}
    try:
        for kind, kept_s in kept.items():
            await line.vault.expire(kind, round((now - kept_s) * 1000))
    except VaultFailed as error:
        _log.warning("old outcomes are kept", session=line.session, error=str(error))
