"""Running the gateway: ``wagate serve`` and ``wagate sandbox``."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wagate.cli.outcome import CommandFailed, Exit, say
from wagate.cli.variables import DEFAULT_URL, KEY_VARIABLE, URL_VARIABLE

if TYPE_CHECKING:
    from wagate.features import Gateway
    from wagate.settings import Settings

Ready = Callable[["Gateway", str], Awaitable[list[str]]]
"""Called when the gateway has started, with the address at which it is about to answer.

Returns the lines to print once it does.
"""

Build = Callable[["Settings"], Awaitable["Gateway"]]


def serve(data: Path | None, host: str | None, port: int | None) -> None:
    """Run the gateway until Ctrl-C. Raises CommandFailed when it cannot start."""
    from wagate.cli.options import read_settings
    from wagate.logs import configure_logs

    settings = read_settings(data, host, port)
    prepare_data(settings.data)
    configure_logs(settings.log_level, settings.log_format, settings.log_file)

    async def ready(gateway: Gateway, url: str) -> list[str]:
        return _greeting(url, settings, None if gateway.first_key is None else gateway.first_key.secret)

    run(settings, ready)


def run(settings: Settings, ready: Ready, build: Build | None = None) -> None:
    """Start the gateway, listen, and stop both at the first SIGINT or SIGTERM. Raises CommandFailed.

    ``build`` puts the gateway together, with other plugs than ``bootstrap.build`` chooses by itself.
    """
    from wagate import bootstrap
    from wagate.cli.http_server import listen, run_on_fast_loop

    listener = listen(settings.host, settings.port)
    with listener, suppress(asyncio.CancelledError):
        run_on_fast_loop(lambda: _run(settings, listener, ready, build or bootstrap.build))


def prepare_data(path: Path) -> None:
    """Make the directory for everything that is kept, and let nobody else read what we make. Raises CommandFailed."""
    os.umask(0o077)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"The data directory {path} cannot be made: {error.strerror}.") from error


async def _run(settings: Settings, listener: socket.socket, ready: Ready, build: Build) -> None:
    from wagate.api.app import create_app, let_everybody_go
    from wagate.api.limits import Limits
    from wagate.cli.http_server import HttpServer, stopping_on_signals, url_of

    me = asyncio.current_task()
    assert me is not None
    with stopping_on_signals(me.cancel):
        gateway = await _started(settings, build)
    try:
        with stopping_on_signals(me.cancel):
            greeting = await ready(gateway, url_of(listener))
        app = create_app(gateway, Limits(body_bytes=settings.body_limit))

        def answering() -> None:
            say(*greeting)
            _spare_what_stays()

        server = HttpServer(app, partial(let_everybody_go, gateway), answering)
        with stopping_on_signals(server.stop):
            await server.serve(sockets=[listener])
    finally:
        await gateway.stop()


def _spare_what_stays() -> None:
    """Have the garbage collector pass over all that is here when the gateway starts: modules, routes, models.

    None of it ever goes, and every full collection walked through it for 20 ms, in which nobody was served.
    """
    gc.collect()
    gc.freeze()


async def _started(settings: Settings, build: Build) -> Gateway:
    from wagate.domain.errors import GatewayError
    from wagate.store.folder import DataInUse

    try:
        gateway = await build(settings)
        try:
            await gateway.start()
        except BaseException:
            await gateway.stop()
            raise
    except DataInUse as error:
        raise CommandFailed(error.detail, Exit.IN_USE) from error
    except GatewayError as error:
        raise CommandFailed(f"The gateway cannot start: {error.detail}") from error
    return gateway


def _greeting(url: str, settings: Settings, first_key: str | None) -> list[str]:
    lines = [
        f"wagate answers at {url}",
        f"  documentation  {url}/docs",
        f"  data           {settings.data.absolute()}",
    ]
    if first_key is not None:
        lines += [
            f"  admin API key  {first_key}",
            "                 shown this once only; `wagate key create` makes more",
        ]
    return [*lines, f"  pair a phone   {_pairing_command(url)}", "Ctrl-C stops it."]


def _pairing_command(url: str) -> str:
    """What to type into another terminal, wherever that is."""
    command = "wagate" if shutil.which("wagate") else str(Path(sys.executable).with_name("wagate"))
    place = "" if url == DEFAULT_URL else f"{URL_VARIABLE}={url} "
    return f"{place}{KEY_VARIABLE}=wag_… {command} session pair NAME"
