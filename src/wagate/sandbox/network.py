"""The pretend WhatsApp as a process of its own, which ends when we end, and its control API over HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_UP_WITHIN_S = 30.0
_DOWN_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.02
_ANSWER_WITHIN_S = 30.0


class SandboxFailed(Exception):
    """The pretend network did not do what the sandbox needs. The text says what happened."""


class Network:
    """A running emulator: ``with Network.begin(log): …``, then ``await up()`` before anything else.

    It is begun before the gateway is imported, so that both come up at the same time.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str], log: Path) -> None:
        """Made by ``begin``."""
        self._process = process
        self._folder = folder
        self._log = log
        self.addresses: dict[str, Any] = {}
        """What the emulator tells of itself, once it is up: ports, ``root_key``, ``ca_file``."""

    @classmethod
    def begin(cls, log: Path) -> Network:
        """Start the process and return at once; what it prints goes to ``log``."""
        folder = tempfile.TemporaryDirectory(prefix="wagate-sandbox-")
        command = [sys.executable, "-m", "wagate.sandbox.guarded", "whatsapp_emulator"]
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, "--info", str(Path(folder.name) / "info.json")],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we end it when the gateway has hung up
            )
        return cls(process, folder, log)

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_DOWN_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    async def up(self) -> None:
        """Wait until it is open. Raises SandboxFailed."""
        told = Path(self._folder.name) / "info.json"
        try:
            async with asyncio.timeout(_UP_WITHIN_S):
                while not told.exists():
                    if self._process.poll() is not None:
                        raise SandboxFailed(f"The pretend network ended by itself; see {self._log}.")
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            raise SandboxFailed(f"The pretend network did not come up; see {self._log}.") from None
        self.addresses = json.loads(told.read_text("utf-8"))

    @property
    def url(self) -> str:
        """The WebSocket that stands in for WhatsApp's; its certificate names localhost."""
        return f"wss://localhost:{self.addresses['tls_port']}/ws/chat"

    @property
    def control_url(self) -> str:
        """The control API: what the virtual phones do."""
        return f"http://127.0.0.1:{self.addresses['control_port']}/control"

    async def add_account(self, phone: str, name: str) -> None:
        """Make somebody with a phone. ``phone`` is bare digits."""
        await self._post("/accounts", phone=phone, name=name)

    async def scan(self, phone: str, qr: str) -> None:
        """Have a phone scan a QR code."""
        await self._post(f"/phones/{phone}/scan", qr=qr)

    async def answer_texts(self, phone: str, reply: str) -> None:
        """Have a phone read and answer every text; ``{text}`` in the reply is what it got."""
        await self._post(f"/phones/{phone}/settings", auto_read=True, auto_reply=reply)

    async def _post(self, path: str, **fields: object) -> None:
        import aiohttp  # not needed to begin, and slower to import than everything else here

        timeout = aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as http,
                http.post(self.control_url + path, json=fields) as response,
            ):
                if response.status >= 400:
                    raise SandboxFailed(f"The pretend network refused {path}: {await response.text()}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SandboxFailed(f"The pretend network does not answer: {error!r}; see {self._log}.") from error
