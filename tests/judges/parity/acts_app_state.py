"""The acts that have to do with what all devices of an account share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judges.parity.acts import Stage

ME, CONTACT = "4915100000001", "4915100000002"


async def phone_marks_a_chat(stage: Stage) -> None:
    await stage.me.app_state("mute", chat=CONTACT, until=-1)


async def phone_marks_it_again(stage: Stage) -> None:
    await stage.me.app_state("mute", chat=CONTACT, until=None)


async def phone_has_another_key(stage: Stage) -> None:
    await stage.me.app_state("change-key", share=False)
    await stage.me.app_state("save-contact", person=CONTACT, name="Contact")


async def take_another_name(stage: Stage) -> None:
    await stage.client.with_people("set_name", text="Another name")
    await stage.until(lambda: stage.account(ME).name == "Another name")


ACTS = (
    ("the phone mutes a chat", phone_marks_a_chat),
    ("the phone lets it speak again", phone_marks_it_again),
    ("the phone writes with another key", phone_has_another_key),
    ("take another name", take_another_name),
)
