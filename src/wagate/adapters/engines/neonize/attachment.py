"""The gateway's end of the link to one worker: asks and is answered, and notices when nobody is there any more."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Future, StreamReader, StreamWriter
from dataclasses import replace
from itertools import count
from typing import Final, Self

from wagate.adapters.engines.neonize.host import Host
from wagate.adapters.engines.neonize.limits import Limits
from wagate.adapters.engines.neonize.link.frames import PREFIX, LinkBroken, decode, encode, length_of
from wagate.adapters.engines.neonize.link.messages import (
    VERSION,
    Answer,
    Ask,
    GroupTold,
    Hello,
    Message,
    Ping,
    Pong,
    Welcome,
)

_UNSENT: Final = 1 << 20
"""Bytes that may wait for a worker to take them."""


_GROUPS: Final = 10_000
"""Groups in one answer."""


class AskFailed(Exception):
    """The worker could not do it; the text is whatsmeow's, or ours"""


class Attachment:
    """An open link. One task reads (``receive``), ``keep_alive`` is another; ``send`` and ``ask`` may be anybody's."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, welcome: Welcome, limits: Limits) -> None:
        """Made by `to`."""
        self.welcome = welcome
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._asked: dict[int, Future[Answer]] = {}
        self._parts: dict[int, tuple[GroupTold, ...]] = {}
        self._tickets = count(1)
        self._heard = asyncio.get_running_loop().time()

    @classmethod
    async def to(cls, host: Host, spool: str, committed: int, limits: Limits) -> Self:
        """Open the door of whoever works in the folder. Raises LinkBroken."""
        try:
            async with asyncio.timeout(limits.silence_s):
                reader, writer, token = await host.dial()
                try:
                    writer.write(encode(Hello(VERSION, token, spool, committed)))
                    welcome = await _read(reader)
                except BaseException:
                    writer.close()
                    raise
        except TimeoutError:
            raise LinkBroken("the worker does not answer") from None
        if not isinstance(welcome, Welcome) or welcome.version != VERSION:
            writer.close()
            raise LinkBroken("the worker speaks another version")
        return cls(reader, writer, welcome, limits)

    def send(self, message: Message) -> None:
        """Send a message. Raises LinkBroken when the worker takes nothing any more."""
        if self._writer.is_closing() or self._writer.transport.get_write_buffer_size() > _UNSENT:
            raise LinkBroken("the worker does not listen")
        self._writer.write(encode(message))

    async def ask(
        self,
        what: str,
        subject: str = "",
        sender: str = "",
        ids: tuple[str, ...] = (),
        text: str = "",
        within_s: float | None = None,
    ) -> Answer:
        """Have something done now, and wait for the answer. Raises AskFailed, LinkBroken.

        ``within_s`` is for what takes its time; a worker that needs longer hangs, and is left to be replaced.
        """
        ticket = next(self._tickets)
        answer: Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[ticket] = answer
        try:
            self.send(Ask(ticket, what, subject, sender, ids, text))
            async with asyncio.timeout(within_s or self._limits.ask_s):
                return await answer
        except TimeoutError:
            if within_s is not None:
                self.close()
            raise AskFailed("the worker did not answer in time") from None
        finally:
            del self._asked[ticket]
            self._parts.pop(ticket, None)

    async def receive(self) -> Message:
        """The next message that is not an answer. Raises LinkBroken."""
        while True:
            message = await _read(self._reader)
            self._heard = asyncio.get_running_loop().time()
            if isinstance(message, Answer):
                self._settle(message)
            elif not isinstance(message, Pong):
                return message

    async def keep_alive(self) -> None:
        """Ask for signs of life until there are none for too long. Raises LinkBroken."""
        loop = asyncio.get_running_loop()
        for number in count():
            self.send(Ping(number))
            await asyncio.sleep(self._limits.ping_s)
            if loop.time() - self._heard > self._limits.silence_s:
                raise LinkBroken("the worker gives no sign of life")

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.close()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(LinkBroken("the worker is gone"))

    def _settle(self, answer: Answer) -> None:
        waiting = self._asked.get(answer.ticket)
        if waiting is None or waiting.done():
            return
        if answer.error:
            waiting.set_exception(AskFailed(answer.error))
            return
        groups = (*self._parts.get(answer.ticket, ()), *answer.groups)
        if len(groups) > _GROUPS:
            waiting.set_exception(AskFailed(f"the account is in more than {_GROUPS} groups"))
        elif answer.more:
            self._parts[answer.ticket] = groups
        else:
            waiting.set_result(replace(answer, groups=groups))


async def _read(reader: StreamReader) -> Message:
    try:
        return decode(await reader.readexactly(length_of(await reader.readexactly(PREFIX))))
    except (asyncio.IncompleteReadError, OSError) as error:
        raise LinkBroken("the worker is gone") from error
