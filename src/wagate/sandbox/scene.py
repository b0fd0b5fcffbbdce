"""Who is in the sandbox, and how they get there.

The pretend network forgets everything when it stops, so its people are new to it at each start: the sandbox then makes
its sessions anew and pairs them again. What belonged to the sessions of before goes with them; API keys stay.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wagate.domain.errors import QrNotReady, SessionNotFound, Unauthenticated
from wagate.domain.session import FINAL, LIVE
from wagate.features import Gateway
from wagate.features.access import EVERY_SCOPE, Principal
from wagate.sandbox.network import Network, SandboxFailed
from wagate.settings import Settings

_PAIRED_WITHIN_S = 20.0
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the sandbox. ``digits`` is their phone number."""

    name: str
    digits: str

    @property
    def phone(self) -> str:
        """The number as people write it."""
        return f"+{self.digits}"


@dataclass(frozen=True, slots=True)
class Scene:
    """The people: two with a session of ours, and a contact who answers."""

    alice: Person = Person("alice", "4915120000001")
    bob: Person = Person("bob", "4915120000002")
    carol: Person = Person("carol", "4915120000003")


def sandboxed(settings: Settings, network: Network) -> Settings:
    """The settings of a gateway that knows the pretend network instead of WhatsApp, and no database but its own."""
    return settings.model_copy(
        update={
            "database_url": "",
            "engine": "native",
            "whatsapp_url": network.url,
            "whatsapp_root_key": network.addresses["root_key"],
            "whatsapp_ca_file": Path(network.addresses["ca_file"]),
        }
    )


async def set_the_scene(gateway: Gateway, network: Network) -> Scene:
    """Put everybody in place: afterwards both sessions are connected. Raises SandboxFailed."""
    scene = Scene()
    principal = await gateway.access.operator()
    await network.add_account(scene.carol.digits, scene.carol.name.capitalize())
    await network.answer_texts(scene.carol.digits, "You said: {text}")
    people = (scene.alice, scene.bob)
    ends = await asyncio.gather(
        *(_pair(gateway, principal, network, person) for person in people), return_exceptions=True
    )
    for failure in filter(None, ends):
        raise failure
    return scene


async def sandbox_key(gateway: Gateway, file: Path) -> str:
    """The sandbox's own API key: the one in ``file`` if it is still good, else a new one, which the file then keeps.

    A real gateway never keeps a key in the clear. This one opens nothing but a pretend network, and so the command
    that the sandbox prints can be pasted after every start.
    """
    kept = _read(file)
    with suppress(Unauthenticated):
        await gateway.access.authenticate(kept)
        return kept
    issued = await gateway.access.create_key(await gateway.access.operator(), name="sandbox", scopes=EVERY_SCOPE)
    _keep(file, issued.secret)
    return issued.secret


def _read(file: Path) -> str:
    return file.read_text("ascii").strip() if file.exists() else ""


def _keep(file: Path, secret: str) -> None:
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(secret + "\n", "ascii")


async def _pair(gateway: Gateway, principal: Principal, network: Network, person: Person) -> None:
    await network.add_account(person.digits, person.name.capitalize())
    with suppress(SessionNotFound):
        await gateway.sessions.delete(principal, person.name)
    await gateway.sessions.create(principal, name=person.name, engine="native")
    await gateway.sessions.start(principal, person.name)
    try:
        async with asyncio.timeout(_PAIRED_WITHIN_S):
            await network.scan(person.digits, await _qr(gateway, principal, person))
            await _connected(gateway, principal, person)
    except TimeoutError:
        session = await gateway.sessions.get(principal, person.name)
        raise SandboxFailed(f"The session {person.name} was not paired: it is {session.state.value}.") from None


async def _qr(gateway: Gateway, principal: Principal, person: Person) -> str:
    while True:
        try:
            return (await gateway.sessions.qr(principal, person.name)).text
        except QrNotReady:
            await asyncio.sleep(_LOOK_EVERY_S)


async def _connected(gateway: Gateway, principal: Principal, person: Person) -> None:
    while (session := await gateway.sessions.get(principal, person.name)).state not in LIVE:
        if session.state in FINAL:
            raise SandboxFailed(f"The session {person.name} is {session.state.value}: {session.reason}.")
        await asyncio.sleep(_LOOK_EVERY_S)
