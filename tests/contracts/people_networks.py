"""People on the networks of the examination: what they show, who is there, who calls."""

from __future__ import annotations

from typing_extensions import override

from contracts.engine_people import PeopleNetwork
from contracts.examinee import OTHER, OWN
from wagate.adapters.engines.fake import FakeService
from wagate.adapters.engines.fake.phone import FakePhone
from wagate.domain.contacts import Whereabouts
from whatsapp_emulator.client import EmulatorClient, PhoneClient

NOW = 1_800_000_000


class PretendPeople(PeopleNetwork):
    """On the pretend service."""

    service: FakeService
    own: FakePhone
    other: FakePhone

    @override
    async def other_about(self, text: str) -> None:
        self.service.people.set_about(self.other, text, NOW)

    @override
    async def other_picture(self, jpeg: bytes | None) -> str | None:
        return self.service.people.set_picture(self.other, jpeg, NOW)

    @override
    async def other_online(self, *, online: bool) -> None:
        self.service.people.set_online(self.other, online=online)

    @override
    async def other_typing(self, *, on: bool) -> None:
        self.service.people.show_typing(self.other, self.own, Whereabouts.COMPOSING if on else Whereabouts.PAUSED)

    @override
    async def other_calls(self) -> str:
        return self.service.people.ring(self.other, self.own, NOW).id

    @override
    async def other_hangs_up(self, call: str) -> None:
        self.service.people.end(self.service.people.calls[call], "ended", NOW)

    @override
    async def call_state(self, call: str) -> str:
        return self.service.people.calls[call].state

    @override
    async def own_profile(self) -> tuple[str | None, str | None]:
        persona = self.service.people.of(self.own)
        return persona.about, persona.picture_id

    @override
    async def own_name(self) -> str:
        return self.own.name

    @override
    async def own_phone_blocks(self, *, blocked: bool) -> None:
        self.service.people.block(self.own, self.other, NOW, blocked=blocked)

    @override
    async def we_are_online(self) -> bool:
        return self.service.people.of(self.own).is_online


class EmulatedPeople(PeopleNetwork):
    """On the emulator."""

    _control: EmulatorClient
    _own: PhoneClient
    _other: PhoneClient

    @override
    async def other_about(self, text: str) -> None:
        await self._other.people.set_about(text)

    @override
    async def other_picture(self, jpeg: bytes | None) -> str | None:
        return await self._other.people.set_picture(jpeg)

    @override
    async def other_online(self, *, online: bool) -> None:
        await self._other.set_available(available=online)

    @override
    async def other_typing(self, *, on: bool) -> None:
        await self._other.set_typing(OWN, on=on)

    @override
    async def other_calls(self) -> str:
        return (await self._other.people.call(OWN)).id

    @override
    async def other_hangs_up(self, call: str) -> None:
        await self._other.people.hang_up(call)

    @override
    async def call_state(self, call: str) -> str:
        return (await self._control.call(call)).state

    @override
    async def own_profile(self) -> tuple[str | None, str | None]:
        shown = await self._own.people.look()
        return shown["about"], shown["picture_id"]

    @override
    async def own_name(self) -> str:
        return str((await self._own.people.look())["name"])

    @override
    async def own_phone_blocks(self, *, blocked: bool) -> None:
        await self._own.people.block(OTHER, blocked=blocked)

    @override
    async def we_are_online(self) -> bool:
        return bool((await self._own.people.look())["present"])
