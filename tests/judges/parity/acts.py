"""The acts in which two clients are compared. Each client plays all of them, in order, against a network of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from judges.client import Client, Opens
from judges.parity import acts_app_state as app_state
from judges.parity import acts_groups as groups
from judges.parity import acts_later as later
from judges.parity import acts_people as people
from judges.pictures import png
from whatsapp_emulator.client import EmulatorClient, PhoneClient
from whatsapp_emulator.emulator import Emulator
from whatsapp_emulator.world.accounts import Account
from whatsapp_wire.proto.message_pb2 import Message

ME, OTHER_ME, CONTACT, GUEST = "4915100000001", "4915100000003", "4915100000002", "4915100000004"
"""The phones: the one that the client is linked to (by QR code; the other one by code), the one it talks with, and one
that comes into a group."""

_PATIENCE_S = 30.0
_QUIET_S = 0.4
_GLANCE_S = 0.05


@dataclass(frozen=True, slots=True)
class Plaintext:
    """A message as a phone decrypted it, and whose phone that is."""

    reader: str
    message: Message


@dataclass(slots=True)
class Stage:
    """Where a client plays: its network, the people, the message ids to come back to, and what phones decrypted."""

    emulator: Emulator
    control: EmulatorClient
    opens: Opens
    recording: Path
    doors: AsyncExitStack = field(default_factory=AsyncExitStack)
    ids: dict[str, str] = field(default_factory=dict)
    plaintexts: dict[str, list[Plaintext]] = field(default_factory=dict)
    playing: Client | None = None
    _looked_at: Counter[str] = field(default_factory=Counter)

    @property
    def client(self) -> Client:
        """The client, which is running."""
        assert self.playing is not None
        return self.playing

    @property
    def me(self) -> PhoneClient:
        """Our own phone."""
        return self.control.phone(ME)

    @property
    def contact(self) -> PhoneClient:
        """The phone at the other end."""
        return self.control.phone(CONTACT)

    @property
    def contact_account(self) -> Account:
        """The other end as the network knows it."""
        return self.account(CONTACT)

    def account(self, phone: str) -> Account:
        """Somebody as the network knows them."""
        return self.emulator.world.account(phone)

    async def enter(self, phone: str) -> None:
        """Start the client."""
        self.playing = await self.doors.enter_async_context(self.opens(phone))

    async def leave(self) -> None:
        """End the client without a word to the network."""
        self.playing = None
        await self.doors.aclose()

    async def logged_in(self, phone: str) -> None:
        """Wait until the companion of a phone takes what is for it."""
        account = self.account(phone)
        await self.until(lambda: any(device.link and device.link.active for device in account.devices.values()))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so. Raises TimeoutError."""
        assert await self.emulator.board.until(is_so, _PATIENCE_S), "it never came true"

    def take_plaintexts(self) -> list[Plaintext]:
        """What the phones have decrypted since the last time."""
        found = []
        for name, account in (("to the contact", self.account(CONTACT)), ("to our own phone", self.account(ME))):
            inbox = account.handset.inbox[self._looked_at[name] :]
            self._looked_at[name] += len(inbox)
            found += [Plaintext(name, shown.message) for shown in inbox if shown.sender.device]
        return found

    async def settle(self) -> None:
        """Wait until the client has nothing more to say."""
        said, quiet_s = -1, 0.0
        while quiet_s < _QUIET_S:
            size = self.recording.stat().st_size
            said, quiet_s = size, quiet_s + _GLANCE_S if size == said else 0.0
            await asyncio.sleep(_GLANCE_S)


async def connect(stage: Stage) -> None:
    await stage.enter(ME)
    stage.ids["qr"] = await stage.client.qr_text()


async def pair_by_qr(stage: Stage) -> None:
    await stage.me.scan(stage.ids["qr"])
    await stage.logged_in(ME)


async def first_text(stage: Stage) -> None:
    stage.ids["first"] = await stage.client.send(stage.contact_account.pn, "The first text to this contact")


async def next_text(stage: Stage) -> None:
    await stage.client.send(stage.contact_account.pn, "The next text")


async def receive(stage: Stage) -> None:
    stage.ids["answer"] = await stage.contact.type(ME, "An answer")
    await stage.client.shows("An answer")


async def text_after_answer(stage: Stage) -> None:
    await stage.client.send(stage.contact_account.pn, "A text after an answer")


async def reply(stage: Stage) -> None:
    await stage.client.reply(stage.contact_account.lid, "A reply", stage.ids["answer"])


async def mention(stage: Stage) -> None:
    await stage.client.mention(stage.contact_account.pn, f"A word about @{ME}", ME)


async def send_image(stage: Stage) -> None:
    picture = stage.recording.with_name("picture.png")
    picture.write_bytes(png(64, 48))
    stage.ids["picture"] = await stage.client.send_file(stage.contact_account.pn, "image", picture, "A picture")


async def send_document(stage: Stage) -> None:
    document = stage.recording.with_name("document.bin")
    document.write_bytes(bytes(70_000))
    await stage.client.send_file(stage.contact_account.pn, "document", document, "A document")


async def get_image(stage: Stage) -> None:
    id = await stage.contact.send_media(ME, "image", png(64, 48), mimetype="image/png", caption="A picture for you")
    await stage.client.shows_file(id)
    await stage.client.fetch(id)


async def mark_read(stage: Stage) -> None:
    await stage.client.read(stage.contact_account.lid, stage.ids["answer"])


async def react(stage: Stage) -> None:
    await stage.client.react(stage.contact_account.lid, stage.ids["answer"], "👍")


async def take_reaction_away(stage: Stage) -> None:
    await stage.client.react(stage.contact_account.lid, stage.ids["answer"], "")


async def edit(stage: Stage) -> None:
    await stage.client.edit(stage.contact_account.lid, stage.ids["first"], "The first text, put better")


async def revoke(stage: Stage) -> None:
    await stage.client.revoke(stage.contact_account.lid, stage.ids["first"])


async def ask_a_poll(stage: Stage) -> None:
    await stage.client.poll(stage.contact_account.lid, "Lunch?", ["Pizza", "Sushi"])


async def vote(stage: Stage) -> None:
    poll = await stage.contact.say(ME, "poll", question="Dinner?", options=["Soup", "Bread"])
    await stage.client.vote(stage.contact_account.lid, poll, ["Soup"])


async def send_location(stage: Stage) -> None:
    await stage.client.location(stage.contact_account.lid, -23.5, -46.5, "A place")


async def send_contact(stage: Stage) -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:Bea\nTEL:+4915100000099\nEND:VCARD"
    await stage.client.contact(stage.contact_account.lid, "Bea", card)


async def receive_acts(stage: Stage) -> None:
    """A contact does everything that does not ask for an answer."""
    text = await stage.contact.type(ME, "A text that things are done to")
    await stage.contact.act("react", text, emoji="👍")
    await stage.contact.act("edit", text, text="The same, put better")
    await stage.contact.act("revoke", text)
    await stage.contact.type(ME, "After all of it")
    await stage.client.shows("After all of it")


async def hear_receipts(stage: Stage) -> None:
    await stage.contact.read()


async def copy_from_phone(stage: Stage) -> None:
    await stage.me.type(CONTACT, "A text from our own phone")


async def receive_undecryptable(stage: Stage) -> None:
    await stage.contact.do("corrupt", to=ME, text="A text that is damaged on its way")
    await stage.client.shows("A text that is damaged on its way")


async def asked_again(stage: Stage) -> None:
    await stage.contact.do("ask-retry", id=stage.ids["first"], count=1)


async def asked_again_with_keys(stage: Stage) -> None:
    await stage.contact.do("ask-retry", id=stage.ids["first"], count=2)


async def create_group(stage: Stage) -> None:
    stage.ids["group"] = await stage.client.create_group("Parity", [stage.contact_account.lid])


async def first_group_text(stage: Stage) -> None:
    await stage.client.send(stage.ids["group"], "The first text to a group")


async def next_group_text(stage: Stage) -> None:
    await stage.client.send(stage.ids["group"], "The next text to a group")


async def receive_in_group(stage: Stage) -> None:
    await stage.contact.type(stage.ids["group"], "A text in a group")
    await stage.client.shows("A text in a group")


async def rename_group(stage: Stage) -> None:
    await stage.client.rename_group(stage.ids["group"], "Renamed")


async def add_to_group(stage: Stage) -> None:
    await stage.client.change_group(stage.ids["group"], "add", stage.account(GUEST).lid)


async def promote_in_group(stage: Stage) -> None:
    await stage.client.change_group(stage.ids["group"], "promote", stage.account(GUEST).lid)


async def text_to_larger_group(stage: Stage) -> None:
    await stage.client.send(stage.ids["group"], "A text to one more")


async def remove_from_group(stage: Stage) -> None:
    await stage.client.change_group(stage.ids["group"], "remove", stage.account(GUEST).lid)


async def text_to_smaller_group(stage: Stage) -> None:
    await stage.client.send(stage.ids["group"], "A text to one less")


async def leave_group(stage: Stage) -> None:
    await stage.client.leave_group(stage.ids["group"])


async def contact_unlinks(stage: Stage) -> None:
    await stage.contact.log_out()


async def text_to_fewer_devices(stage: Stage) -> None:
    await stage.client.send(stage.contact_account.pn, "A text to one device less")


async def contact_reinstalls(stage: Stage) -> None:
    await stage.contact.do("reinstall")


async def text_to_new_identity(stage: Stage) -> None:
    await stage.client.send(stage.contact_account.pn, "A text to a new identity")


async def receive_offline(stage: Stage) -> None:
    await stage.leave()
    await stage.contact.type(ME, "A text while nobody is there")
    await stage.contact.type(ME, "Another one")
    await stage.enter(ME)
    await stage.logged_in(ME)
    await stage.client.shows("Another one")


async def reconnect(stage: Stage) -> None:
    logins = stage.emulator.world.audit.counts
    before = logins["logins"]
    await stage.control.operator(ME).kick("drop")
    await stage.until(lambda: logins["logins"] > before)  # the line that is dropped counts for a moment longer
    await stage.logged_in(ME)


async def log_out(stage: Stage) -> None:
    await stage.client.log_out()
    await stage.until(lambda: not stage.account(ME).devices)


async def pair_by_code(stage: Stage) -> None:
    await stage.leave()
    await stage.enter(OTHER_ME)
    await stage.control.phone(OTHER_ME).enter_code(await stage.client.pairing_code())
    await stage.logged_in(OTHER_ME)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a client does, or that is done to it."""

    name: str
    play: Callable[[Stage], Awaitable[None]]


ACTS = (
    Act("connect for the first time", connect),
    Act("pair by QR code, log in", pair_by_qr),
    Act("first text to a contact", first_text),
    Act("next text", next_text),
    Act("receive a text", receive),
    Act("text after an answer", text_after_answer),
    Act("reply", reply),
    Act("mention", mention),
    Act("send an image", send_image),
    Act("send a document", send_document),
    Act("receive an image and get its file", get_image),
    Act("mark as read", mark_read),
    Act("react", react),
    Act("take a reaction away", take_reaction_away),
    Act("edit a text", edit),
    Act("delete a text for everybody", revoke),
    Act("send a poll", ask_a_poll),
    Act("vote in a poll", vote),
    Act("send a location", send_location),
    Act("send a contact", send_contact),
    Act("receive reactions, edits and deletions", receive_acts),
    Act("hear that texts were read", hear_receipts),
    Act("copy of a text from our own phone", copy_from_phone),
    Act("receive what cannot be decrypted", receive_undecryptable),
    Act("be asked for a text again", asked_again),
    Act("be asked again, with new keys", asked_again_with_keys),
    *(Act(name, play) for name, play in later.ACTS),
    *(Act(name, play) for name, play in people.ACTS),
    Act("create a group", create_group),
    Act("first text to a group", first_group_text),
    Act("next text to the group", next_group_text),
    Act("receive a text in the group", receive_in_group),
    Act("rename the group", rename_group),
    *(Act(name, play) for name, play in groups.ACTS),
    Act("add somebody to the group", add_to_group),
    Act("make them an admin", promote_in_group),
    Act("text to one more in the group", text_to_larger_group),
    Act("remove somebody from the group", remove_from_group),
    Act("text to one less in the group", text_to_smaller_group),
    Act("leave the group", leave_group),
    *(Act(name, play) for name, play in later.POSTS),
    *(Act(name, play) for name, play in app_state.ACTS),
    Act("the contact unlinks a device", contact_unlinks),
    Act("text to the device that is left", text_to_fewer_devices),
    Act("the contact installs WhatsApp anew", contact_reinstalls),
    Act("text to a new identity", text_to_new_identity),
    Act("receive what came while offline", receive_offline),
    Act("lose the connection, connect again", reconnect),
    Act("log out", log_out),
    Act("pair by code", pair_by_code),
)


async def play_all(stage: Stage) -> None:
    """Play every act, each one marked in the recording and awaited until the client is quiet."""
    await stage.control.record(str(stage.recording))
    async with stage.doors:
        for act in ACTS:
            await stage.control.mark(act.name)
            await act.play(stage)
            await stage.settle()
            stage.plaintexts[act.name] = stage.take_plaintexts()
        await stage.leave()
    await stage.control.record(None)
