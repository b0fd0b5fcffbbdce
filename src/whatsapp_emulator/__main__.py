"""Runs the emulator as a process of its own: ``python -m whatsapp_emulator``. It prints where it is, as JSON."""

import argparse
import asyncio
import json
import resource
import signal
import sys
from asyncio import sslproto
from pathlib import Path

from whatsapp_emulator.emulator import Emulator, Ports
from whatsapp_emulator.whereabouts import Whereabouts

_TLS_BUFFER = 16_384
"""Bytes asyncio sets aside to read from each TLS connection; its own 256 KiB are 250 MB for a thousand of them."""


def main(arguments: list[str]) -> None:
    """Run until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="whatsapp_emulator", description="A pretend WhatsApp network on loopback.")
    parser.add_argument("--info", type=Path, help="also write the addresses into this file, once everything is open")
    parser.add_argument("--tls-port", type=int, default=0)
    parser.add_argument("--plain-port", type=int, action="append", help="may be given several times")
    parser.add_argument("--proxy-port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--seed", type=int, help="repeat every random choice but those of the cryptography")
    parser.add_argument("--tls-buffer", type=int, default=_TLS_BUFFER, help="bytes per TLS connection (default 16384)")
    parsed = parser.parse_args(arguments)
    sslproto.SSLProtocol.max_size = parsed.tls_buffer
    _allow_many_connections()
    ports = Ports(parsed.tls_port, tuple(parsed.plain_port or (0,)), parsed.proxy_port, parsed.control_port)
    asyncio.run(_run(ports, parsed.seed, parsed.info))


async def _run(ports: Ports, seed: int | None, info_file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Emulator(ports, seed=seed) as emulator:
        _announce(emulator.whereabouts, info_file)
        await stop.wait()


def _allow_many_connections() -> None:
    """A client through the proxy takes three file descriptors, and the usual soft limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _announce(whereabouts: Whereabouts, info_file: Path | None) -> None:
    told = json.dumps(whereabouts.as_dict())
    if info_file is not None:
        # Readers wait for the file to appear, so it must appear whole.
        unfinished = info_file.with_suffix(".unfinished")
        unfinished.write_text(told, encoding="utf-8")
        unfinished.rename(info_file)
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
