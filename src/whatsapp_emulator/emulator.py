"""A running network: one world, its doors on loopback, and the control API beside them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import web

from whatsapp_emulator.control import control_app
from whatsapp_emulator.recorder import Recorder
from whatsapp_emulator.web.chat import chat_app
from whatsapp_emulator.web.media import Blobs
from whatsapp_emulator.web.proxy import ConnectProxy
from whatsapp_emulator.web.sockets import BACKLOG, listen, port_of
from whatsapp_emulator.web.switchboard import Switchboard
from whatsapp_emulator.web.tls import make_tls
from whatsapp_emulator.whereabouts import Whereabouts
from whatsapp_emulator.world.world import World
from whatsapp_wire.certificate import ServerIdentity


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports to listen on; 0 takes a free one. There may be several doors without TLS."""

    tls: int = 0
    plain: tuple[int, ...] = (0,)
    proxy: int = 0
    control: int = 0


class Emulator:
    """Starts with ``async with``, on the running loop; ends with it.

    `whereabouts` says where everything is; `turn` is the way to act on the `world` from the same process, the control
    API the way from anywhere. With a `seed` everything but the cryptography repeats.
    """

    def __init__(self, ports: Ports | None = None, *, seed: int | None = None) -> None:
        self._ports = ports or Ports()
        self._board = Switchboard(World(None if seed is None else Random(seed)), Recorder())  # noqa: S311 - tests repeat
        self._runners: list[web.AppRunner] = []
        self._proxy: ConnectProxy | None = None
        self._directory: Path | None = None
        self._whereabouts: Whereabouts | None = None

    @property
    def world(self) -> World:
        """The network's state, to look at; to change it, use `turn`."""
        return self._board.world

    @property
    def board(self) -> Switchboard:
        """The switchboard, to wait for what happens."""
        return self._board

    @property
    def proxy(self) -> ConnectProxy:
        """The CONNECT proxy, to see what it refused."""
        assert self._proxy is not None, "the emulator is not running"
        return self._proxy

    @property
    def whereabouts(self) -> Whereabouts:
        """Where everything is."""
        assert self._whereabouts is not None, "the emulator is not running"
        return self._whereabouts

    def turn(self) -> AbstractContextManager[World]:
        """Do something with the world, in a ``with``; what comes of it is carried out at its end."""
        return self._board.turn()

    def forgive(self, kind: str | None = None, who: str | None = None) -> None:
        """Let strict mode pass over violations of that kind, or by that phone or ``phone:device``."""
        self.world.audit.forgive(kind, who)

    async def __aenter__(self) -> Self:
        """Open all doors. Raises OSError when a port is taken."""
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _open(self) -> None:
        now = time.time()
        self._directory = Path(tempfile.mkdtemp(prefix="whatsapp-emulator-"))
        tls = make_tls(self._directory, now)
        identity = ServerIdentity.generate(int(now))
        blobs = Blobs(self._directory / "media")
        chat = await self._runner(chat_app(self._board, identity, blobs))
        sockets = [listen(port) for port in self._ports.plain]
        for socket in sockets:
            await web.SockSite(chat, socket, backlog=BACKLOG).start()
        secure = listen(self._ports.tls)
        await web.SockSite(chat, secure, ssl_context=tls.context, backlog=BACKLOG).start()
        # Two names for one door: its certificate has both, and whoever trusts it needs neither a proxy nor DNS.
        self.world.media.named((f"localhost:{port_of(secure)}", f"127.0.0.1:{port_of(secure)}"))
        self._proxy = ConnectProxy(port_of(secure))
        await self._proxy.start(self._ports.proxy)
        control_socket = listen(self._ports.control)
        plain_ports = tuple(map(port_of, sockets))
        self._whereabouts = Whereabouts(
            tls_port=port_of(secure),
            plain_port=plain_ports[0] if plain_ports else 0,
            plain_ports=plain_ports,
            proxy_port=self._proxy.port,
            control_port=port_of(control_socket),
            root_key=identity.root_public.hex(),
            ca_file=str(tls.ca_file),
            pid=os.getpid(),
        )
        control = await self._runner(control_app(self._board, self._whereabouts, self._proxy, blobs))
        await web.SockSite(control, control_socket).start()

    async def _runner(self, app: web.Application) -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        return runner

    async def close(self) -> None:
        """Close all doors and forget everything."""
        if self._proxy is not None:
            await self._proxy.stop()
        for runner in reversed(self._runners):
            await runner.cleanup()
        self._runners.clear()
        await self._board.close()
        self._board.recorder.stop()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
