"""The networks that the examinees talk to: the pretend service in this process, and the emulator.

Each is a ``Network``; a network for another engine belongs here, beside them.
"""

from dataclasses import replace
from pathlib import Path

from typing_extensions import override

from contracts.engine_files import FileNetwork
from contracts.engine_groups import GUEST, GroupNetwork
from contracts.engine_history import PastNetwork
from contracts.engine_marks import MarkNetwork
from contracts.examinee import OTHER, OWN, SESSION, Shown
from contracts.kept import content_of, details_of, wire_kind
from contracts.passkey_networks import EmulatedPasskeys
from contracts.people_networks import EmulatedPeople
from wagate.adapters.engines.native import Habits, NativeEngine
from wagate.adapters.vault.memory import MemoryStorage
from wagate.domain.content import Attached
from wagate.domain.jid import Jid
from wagate.domain.marks import FOREVER
from wagate.domain.people import GroupRole, MembersAction
from wagate.domain.session import SessionState
from wagate.ports.engine import Engine
from whatsapp_emulator.client import EmulatorClient
from whatsapp_emulator.emulator import Emulator


def spoil(storage: MemoryStorage, kind: str) -> None:
    """Damage the records of a kind."""
    records = storage.records[SESSION]
    spoilt = {key: (b"\xff" + value[1:], at) for key, (value, at) in records.items() if key[0] == kind}
    assert spoilt
    records.update(spoilt)


class EmulatedNetwork(EmulatedPasskeys, EmulatedPeople, GroupNetwork, MarkNetwork, PastNetwork, FileNetwork):
    """The emulator, through its control API."""

    def __init__(self, emulator: Emulator, control: EmulatorClient) -> None:
        self.storage = MemoryStorage()
        self.examinees = []
        self._where = emulator.whereabouts
        self._control = control
        self._world = emulator.world
        self._own, self._other = control.phone(OWN), control.phone(OTHER)
        self._operator = control.operator(OWN)

    @override
    def engine(self) -> Engine:
        return self._engine(replace(Habits(), first_prekeys=30, history_answer_s=2.0))

    @override
    def hurried_engine(self) -> Engine:
        return self._engine(Habits(qr_series=1, first_qr_s=0.02, next_qr_s=0.02))

    @override
    def watchful_engine(self) -> Engine:
        return self._engine(replace(Habits(), first_prekeys=30, ping_s=(0.05, 0.1), pong_timeout_s=0.1))

    @override
    async def fall_silent(self, *, on: bool) -> None:
        await self._control.faults(deaf=on)

    def _engine(self, habits: Habits) -> Engine:
        return NativeEngine(
            url=f"ws://127.0.0.1:{self._where.plain_port}/ws/chat",
            root_key=bytes.fromhex(self._where.root_key),
            habits=habits,
            ca_file=Path(self._where.ca_file),
        )

    @override
    async def archive(self, *, on: bool) -> None:
        await self._own.app_state("archive", chat=OTHER, on=on)

    @override
    async def star(self, wa_id: str) -> None:
        await self._own.app_state("star", id=wa_id, on=True)

    @override
    async def call(self, name: str) -> None:
        await self._own.app_state("save-contact", person=OTHER, name=name)

    @override
    async def set_timer_on_phone(self, seconds: int) -> None:
        await self._other.say(OWN, "timer", seconds=seconds)

    @override
    async def timer(self) -> int | None:
        told = [shown.timer for shown in await self._other.inbox() if not shown.own and shown.timer is not None]
        return told[-1] if told else None

    @override
    async def marks(self) -> dict[str, object]:
        agreed = await self._own.agreed()
        found: dict[str, object] = {"archived": False, "muted_until": None, "starred": set(), "name": None}
        for each in agreed:
            if each["action"] == "Archive":
                found["archived"] = each["on"]
            elif each["action"] == "Mute":
                found["muted_until"] = FOREVER if each["until"] == -1 else each["until"]
            elif each["action"] == "SaveContact":
                found["name"] = each["full_name"]
        found["starred"] = {each["message"]["id"] for each in agreed if each["action"] == "Star" and each["on"]}
        return found

    @override
    async def other_addresses(self) -> set[Jid]:
        account = await self._control.account(OTHER)
        return {Jid(account.pn), Jid(account.lid)}

    @override
    async def scan(self, qr: str) -> None:
        await self._own.scan(qr)

    @override
    async def enter_code(self, code: str) -> None:
        await self._own.enter_code(code)

    @override
    async def shown(self) -> list[Shown]:
        return [
            Shown(message.id, message.text, message.quoted, message.mentions)
            for message in await self._other.inbox()
            if not message.own
        ]

    @override
    async def type(self, text: str, *, quote: str | None = None) -> str:
        return await self._other.type(OWN, text, quote=quote)

    @override
    async def type_on_own_phone(self, text: str) -> str:
        return await self._own.type(OTHER, text)

    @override
    async def remember(self, *texts: str) -> list[str]:
        rows = [{"text": text, "at": 1_700_000_000 + at} for at, text in enumerate(texts)]
        return await self._own.remember(OTHER, rows)

    @override
    async def forget_to_answer(self) -> None:
        await self._own.set(answers_history=False)

    @override
    async def read(self) -> None:
        await self._other.read()

    @override
    async def read_on_own_phone(self) -> None:
        await self._own.read()

    @override
    async def drop(self) -> None:
        await self._operator.kick("drop")

    @override
    async def go_down(self) -> None:
        await self._operator.refuse("503")

    @override
    async def come_up(self) -> None:
        await self._operator.allow()

    @override
    async def withhold_acks(self, *, on: bool) -> None:
        await self._control.faults(no_ack=on)

    @override
    async def lose_messages(self, *, on: bool) -> None:
        await self._control.faults(lose_messages=on)

    @override
    async def refuse_messages(self) -> None:
        await self._control.faults(ack_error="479")

    @override
    async def hide_keys(self) -> None:
        await self._control.faults(no_prekeys=True)

    @override
    async def ask_again(self, wa_id: str) -> None:
        await self._other.do("ask-retry", id=wa_id, count=1)

    @override
    async def repeated(self) -> list[str]:
        return [message.id for message in await self._other.inbox() if message.repeat]

    @override
    async def typing_of_us(self) -> bool:
        own, other = self._world.account(OWN), self._world.account(OTHER)
        return other.handset.seen_typing.get(own.lid) == "composing"

    @override
    async def played_by_us(self) -> list[str]:
        return [wa_id for told in await self._other.receipts() if told.type == "played" for wa_id in told.ids]

    @override
    async def read_by_us(self) -> list[str]:
        return [wa_id for told in await self._other.receipts() if told.type == "read" for wa_id in told.ids]

    @override
    async def end(self, state: SessionState) -> None:
        if state is SessionState.LOGGED_OUT:
            await self._own.log_out()
        elif state is SessionState.REPLACED:
            await self._operator.kick("replaced")
        else:
            await self._operator.refuse("402" if state is SessionState.BANNED else "405", {})
            await self._operator.kick("drop")

    @override
    async def refuse_logins(self) -> None:
        await self._operator.refuse("403")

    @override
    async def damage(self) -> None:
        spoil(self.storage, "credentials")

    @override
    async def create_group(self, subject: str, *people: str) -> Jid:
        return Jid((await self._other.create_group(subject, people)).jid)

    @override
    async def send_file(self, content: Attached, mime: str, file: bytes) -> str:
        details = {name: value for name, value in details_of(content).items() if value is not None}
        return await self._other.send_media(OWN, wire_kind(content), file, mimetype=mime, **details)

    @override
    async def file_shown(self, wa_id: str) -> tuple[Attached, bytes] | None:
        shown = next((shown for shown in await self._other.inbox() if shown.id == wa_id), None)
        if shown is None or shown.media is None:
            return None
        return content_of(shown.media), await self._other.file(wa_id)

    @override
    async def lose_files(self) -> None:
        await self._control.expire_media()
        await self._own.set(keeps_media=False)

    @override
    async def type_in_group(self, group: Jid, text: str) -> str:
        return await self._other.type(group, text)

    @override
    async def rename_group(self, group: Jid, subject: str) -> None:
        await self._other.group(group).rename(subject)

    @override
    async def change_group(self, group: Jid, action: MembersAction, person: str) -> None:
        await self._other.group(group).change(action.value, person)

    @override
    async def members(self, group: Jid) -> dict[str, GroupRole]:
        members = (await self._control.group(group)).members
        return {phone: GroupRole.OWNER if role == "superadmin" else GroupRole(role) for phone, role in members.items()}

    @override
    async def group_picture(self, group: Jid) -> str | None:
        (found,) = (each for each in self._world.groups if str(each.jid) == str(group))
        return None if found.picture is None else found.picture.id

    @override
    async def invite(self, group: Jid) -> str:
        return await self._other.group(group).invite()

    @override
    async def ask_to_join(self, code: str) -> None:
        assert await self._control.phone(GUEST).join(code)

    @override
    async def violations(self) -> list[str]:
        return [f"{found.kind} {found.who}: {found.detail}" for found in await self._control.violations()]
