"""Every plug by name: engines, stores of media, the way out to the web, readers of other programs' devices.

Factories import their plug inside, so that what is not installed costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import structlog

from wagate.adapters.clock import SystemClock
from wagate.domain.errors import StorageUnavailable
from wagate.ports.blobs import BlobStore
from wagate.ports.clock import Clock
from wagate.ports.device import ReadsDevices
from wagate.ports.egress import Egress
from wagate.ports.engine import Engine
from wagate.settings import Settings

_log = structlog.get_logger(__name__)


def _native(settings: Settings, _clock: Clock) -> Engine:
    from wagate.adapters.engines.native import NativeEngine

    return NativeEngine(
        url=settings.whatsapp_url,
        root_key=bytes.fromhex(settings.whatsapp_root_key) if settings.whatsapp_root_key else None,
        ca_file=settings.whatsapp_ca_file,
        version=settings.client_version,
    )


def _neonize(settings: Settings, _clock: Clock) -> Engine:
    from wagate.adapters.engines.neonize.engine import NeonizeEngine

    return NeonizeEngine(settings.data / "neonize", device_name=settings.device_name)


def _fake(_settings: Settings, clock: Clock) -> Engine:
    from wagate.adapters.engines.fake import FakeEngine, FakeService

    return FakeEngine(FakeService(), clock)


ENGINES: Mapping[str, Callable[[Settings, Clock], Engine]] = {
    "native": _native,
    "neonize": _neonize,
    "fake": _fake,
}
"""Factories that import their plug inside, so that what is not installed costs nothing.

An engine can be made, and asked for its words, without what it needs to work (`is_installed`).
"""


_PREFERRED = ("neonize", "native")
"""``docs/engines.md`` says why in this order."""


def foreign_readers() -> dict[str, ReadsDevices]:
    """The programs whose devices can be imported."""
    from wagate.adapters.foreign.baileys import BaileysFolder
    from wagate.adapters.foreign.whatsmeow import WhatsmeowDatabase

    return {"baileys": BaileysFolder(), "whatsmeow": WhatsmeowDatabase()}


def _on_disk(settings: Settings) -> BlobStore:
    from wagate.adapters.blobs.local import LocalBlobs

    return LocalBlobs(Path(settings.media_store) if settings.media_store else settings.data / "media")


def _on_s3(settings: Settings) -> BlobStore:
    from wagate.adapters.blobs.s3 import S3Blobs, S3Place

    keys = settings.s3_access_key, settings.s3_secret_key
    access_key, secret_key = (None if key is None else key.get_secret_value() for key in keys)
    place = S3Place.of(settings.media_store, settings.s3_endpoint, settings.s3_region, access_key, secret_key)
    return S3Blobs(place)


BLOBS: Mapping[str, Callable[[Settings], BlobStore]] = {
    "": _on_disk,
    "s3": _on_s3,
}
"""By the scheme of ``media_store``."""


def every_engine(settings: Settings, clock: Clock | None = None) -> list[Engine]:
    """All that this version knows, installed or not: to be asked for their words, or to choose from (`usable`)."""
    return [make(settings, clock or SystemClock()) for make in ENGINES.values()]


def usable(engines: Iterable[Engine], settings: Settings) -> list[Engine]:
    """The engines that sessions may use. The pretend one only where it was chosen, lest anybody meet it by accident."""
    return [
        engine for engine in engines if is_installed(engine) and (engine.name != "fake" or settings.engine == "fake")
    ]


def default_engine(engines: Mapping[str, Engine], settings: Settings) -> str:
    """The engine of sessions that name none: the one that was set, else the one that has been longest in the field."""
    return settings.engine or next((name for name in _PREFERRED if name in engines), "native")


def absent_engines(engines: Mapping[str, Engine], settings: Settings, clock: Clock) -> dict[str, str]:
    """What this version knows besides these and what is not installed, each with what to do about it."""
    others = [make(settings, clock) for name, make in ENGINES.items() if name not in engines]
    return {
        engine.name: f"it is not installed: {engine.words.costs.installation}"
        for engine in others
        if not is_installed(engine)
    }


def is_installed(engine: Engine) -> bool:
    """Whether what an engine needs besides wagate is there."""
    module = engine.words.module
    return module is None or find_spec(module) is not None


def blob_store(settings: Settings) -> BlobStore:
    """The store of media that is set. Raises StorageUnavailable."""
    scheme, found, _ = settings.media_store.partition("://")
    make = BLOBS.get(scheme if found else "")
    if make is None:
        raise StorageUnavailable(f"There is no store of media of the kind {scheme}://")
    try:
        return make(settings)
    except ImportError as error:
        raise StorageUnavailable(f"Media in {scheme}:// needs the extra: pip install 'wagate[{scheme}]'") from error
    except OSError as error:
        raise StorageUnavailable(f"The store of media cannot be opened: {error}") from error


def way_to_the_web(settings: Settings) -> Egress:
    """The one client for addresses that users name."""
    from wagate.adapters.addresses import read_networks
    from wagate.adapters.egress import EgressPolicy, HttpEgress

    if settings.egress_allow:
        _log.warning("egress_allowed_inside", networks=settings.egress_allow)
    return HttpEgress(EgressPolicy(frozenset(settings.egress_ports), read_networks(settings.egress_allow)))
