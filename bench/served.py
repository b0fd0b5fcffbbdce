"""What ``wagate serve`` does, for a gateway that a bench builds in its own way."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from wagate.cli.options import read_settings
from wagate.cli.serving import prepare_data, run
from wagate.features import Gateway
from wagate.logs import configure_logs
from wagate.settings import Settings


def serve(build: Callable[[Settings], Awaitable[Gateway]], arguments: Sequence[str]) -> None:
    """Serve until a signal comes; ``arguments`` are ``serve [--data DIR]``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("serve",))
    parser.add_argument("--data", type=Path)
    settings = read_settings(parser.parse_args(arguments).data)
    prepare_data(settings.data)
    configure_logs(settings.log_level, settings.log_format, settings.log_file)

    async def nothing_to_say(_gateway: Gateway, _url: str) -> list[str]:
        return []

    run(settings, nothing_to_say, build=build)
