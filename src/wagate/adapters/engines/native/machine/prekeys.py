"""Our own prekeys: making them, publishing them, renewing the signed one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from wagate.adapters.engines.native.machine.credentials import Credentials, DatedPreKey
from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.flows import Ask, Commit, Compute, Flow, Join, Load
from wagate.adapters.engines.native.machine.records import Step
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.encoding import encode
from whatsapp_wire.signal.prekeys import PreKey, SignedPreKey, next_prekey_id
from whatsapp_wire.stanza import prekeys as stanzas

_log = structlog.get_logger(__name__)

_SLICE: Final = 100
"""Prekeys per unit: storing more at once would hold up the other lines."""


def top_up(us: Device, on_server: int) -> Flow[None]:
    """Publish more prekeys: many at first, then some. Raises NotSent, or the vault's error."""
    is_first = on_server == 0 and us.credentials.first_unpublished == 1
    wanted = us.habits.first_prekeys if is_first else us.habits.more_prekeys
    yield Join("prekeys", partial(_publish, us, wanted))


def renew_signed(us: Device) -> Flow[None]:
    """Replace the signed prekey when it is old; keep the earlier ones for messages still on their way."""
    current = us.credentials.signed_prekeys[-1]
    now = us.now
    if now - current.made_at < us.habits.signed_prekey_life_s:
        return
    earlier = us.credentials.signed_prekeys
    newest_id = max(dated.prekey.id for dated in earlier)
    renewed = SignedPreKey.generate(next_prekey_id(newest_id), us.credentials.identity)
    # The key is kept before it is published, and becomes the current one, the last, only if the server took it.
    yield Commit(_with_signed_prekeys(us, (DatedPreKey(renewed, now), *earlier)))
    yield from us.flows.ask(lambda id: stanzas.rotate(id, renewed))
    kept = tuple(key for key in earlier if now - key.made_at < us.habits.old_signed_prekey_life_s)
    yield Commit(_with_signed_prekeys(us, (*kept, DatedPreKey(renewed, now))))
    _log.info("the signed prekey was renewed", id=renewed.id)


def _publish(us: Device, wanted: int) -> Flow[None]:
    unpublished = yield from _unpublished(us)
    made = yield from _make(us, wanted - len(unpublished))
    published = [*unpublished, *made]
    id, now = us.flows.next_id(), us.credentials
    request: bytes = yield Compute(partial(_upload_request, id, now, published))
    yield Ask(id, request)
    step = us.step()
    # Prekeys made meanwhile went out with a retry receipt, to one device each; they must not be published as well.
    us.store_credentials(step, replace(us.credentials, first_unpublished=us.credentials.next_prekey))
    yield Commit(step)
    _log.info("prekeys were published", count=len(published))


def _unpublished(us: Device) -> Flow[list[PreKey]]:
    """Prekeys that were made, but not published for certain: the process or the line ended before."""
    ids = _id_range(us.credentials.first_unpublished, us.credentials.next_prekey)
    yield Load(tuple(("prekey", str(id)) for id in ids))
    found = ((id, us.shell.get("prekey", str(id))) for id in ids)
    return [PreKey(id, KeyPair.from_private(private)) for id, private in found if private is not None]


def _make(us: Device, count: int) -> Flow[list[PreKey]]:
    """Make prekeys under new ids and keep them, a slice at a time, so that the other lines go on meanwhile."""
    if count <= 0:
        return []
    ids = _ids_from(us.credentials.next_prekey, count)
    step = us.step()
    us.store_credentials(step, replace(us.credentials, next_prekey=next_prekey_id(ids[-1])))
    yield Commit(step)
    made: list[PreKey] = []
    for start in range(0, count, _SLICE):
        keys: list[PreKey] = yield Compute(partial(_generate, ids[start : start + _SLICE]))
        step = us.step()
        for prekey in keys:
            step.put("prekey", str(prekey.id), prekey.key.private)
        yield Commit(step)
        made += keys
    return made


def _generate(ids: Sequence[int]) -> list[PreKey]:
    return [PreKey.generate(id) for id in ids]


def _upload_request(id: str, us: Credentials, published: Sequence[PreKey]) -> bytes:
    return encode(stanzas.upload(id, us.registration_id, us.identity.public, published, us.signed_prekey))


def _ids_from(first: int, count: int) -> list[int]:
    ids = [first]
    while len(ids) < count:
        ids.append(next_prekey_id(ids[-1]))
    return ids


def _id_range(first: int, end: int) -> list[int]:
    ids = []
    while first != end:
        ids.append(first)
        first = next_prekey_id(first)
    return ids


def _with_signed_prekeys(us: Device, signed_prekeys: tuple[DatedPreKey, ...]) -> Step:
    step = us.step()
    us.store_credentials(step, replace(us.credentials, signed_prekeys=signed_prekeys))
    return step
