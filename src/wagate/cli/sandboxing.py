"""``wagate sandbox``: the gateway beside a pretend WhatsApp, ready to be tried at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wagate.cli.outcome import CommandFailed
from wagate.cli.serving import prepare_data, run

if TYPE_CHECKING:
    from wagate.features import Gateway
    from wagate.sandbox.network import Network
    from wagate.sandbox.scene import Scene

FOLDER = "sandbox"
KEY_FILE = "api-key"
LOG_FILE = "emulator.log"


def sandbox(data: Path | None, host: str | None, port: int | None) -> None:
    """Run both until Ctrl-C; what is kept lies in the folder ``sandbox`` of the data directory.

    Raises CommandFailed.
    """
    from wagate.sandbox.network import Network, SandboxFailed

    folder = (data or Path(os.environ.get("WAGATE_DATA") or "data")) / FOLDER
    prepare_data(folder)
    try:
        # The network comes up in its own process while this one is still importing the gateway.
        with Network.begin(folder / LOG_FILE) as network:
            _run(network, folder, host, port)
    except SandboxFailed as failed:
        raise CommandFailed(str(failed)) from failed


def _run(network: Network, folder: Path, host: str | None, port: int | None) -> None:
    # The network is coming up: whatever the gateway needs is imported meanwhile.
    import asyncio

    import wagate.api.app
    import wagate.bootstrap  # noqa: F401
    from wagate.cli.options import read_settings
    from wagate.logs import configure_logs
    from wagate.sandbox.scene import sandbox_key, sandboxed, set_the_scene

    settings = read_settings(folder, host, port)
    configure_logs(settings.log_level, settings.log_format, settings.log_file)
    asyncio.run(network.up())

    async def ready(gateway: Gateway, url: str) -> list[str]:
        scene = await set_the_scene(gateway, network)
        key = await sandbox_key(gateway, folder / KEY_FILE)
        return _greeting(url, key, scene, network)

    run(sandboxed(settings, network), ready)


def _greeting(url: str, key: str, scene: Scene, network: Network) -> list[str]:
    return [
        f"The wagate sandbox answers at {url}. Nothing leaves this machine.",
        f"  documentation  {url}/docs",
        f"  API key        {key}",
        f"  sessions       alice {scene.alice.phone}, bob {scene.bob.phone}: paired and connected",
        f"  contact        carol {scene.carol.phone}: reads and answers every text",
        f"  phones         {network.control_url}: what the virtual phones can do",
        "",
        "Send a text:",
        "",
        f"  curl {url}/v1/sessions/alice/messages \\",
        f"    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\",
        f'    -d \'{{"to": "{scene.carol.phone}", "text": "Hello"}}\'',
        "",
        "See what happens:",
        "",
        f"  curl -N {url}/v1/events/stream -H 'Authorization: Bearer {key}'",
        "",
        "Ctrl-C stops it.",
    ]
