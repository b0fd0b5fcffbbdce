"""Messages with choices, as businesses send them, and what people choose (WhatsApp's own definitions).

There are four generations of them (buttons, templates, lists, native flows); they are read into two shapes. Companions
cannot send them so that every phone shows them, so only the answers are built here, which phones send.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from whatsapp_wire.proto.message_pb2 import (
    ButtonsMessage,
    ButtonsResponseMessage,
    InteractiveMessage,
    ListMessage,
    ListResponseMessage,
    Message,
    TemplateMessage,
)

_MAX_CHOICES: Final = 256
_MAX_JSON: Final = 65_536
_DISPLAY_TEXT: Final = 1
_SINGLE_SELECT: Final = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to press: an answer with its id, or something to open or to call."""

    id: str
    title: str
    description: str = ""
    url: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """Words and choices. `opens_with` is the button that opens a list, and `sections` are its parts by title."""

    title: str
    body: str
    footer: str
    choices: tuple[Choice, ...] = ()
    opens_with: str = ""
    sections: tuple[tuple[str, tuple[Choice, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose; `from_list` tells a row of a list from a button."""

    id: str
    title: str
    description: str = ""
    from_list: bool = False


def button_reply_message(chosen: Chosen) -> Message:
    """The message in which a phone answers by a button."""
    reply = ButtonsResponseMessage(selected_button_id=chosen.id, selected_display_text=chosen.title, type=_DISPLAY_TEXT)
    return Message(buttons_response_message=reply)


def list_reply_message(chosen: Chosen) -> Message:
    """The message in which a phone answers by a row of a list."""
    reply = ListResponseMessage(
        title=chosen.title,
        list_type=_SINGLE_SELECT,
        single_select_reply=ListResponseMessage.SingleSelectReply(selected_row_id=chosen.id),
        description=chosen.description,
    )
    return Message(list_response_message=reply)


def buttons_message(menu: Menu) -> Message:
    """The message in which a business offers buttons; for those who play one."""
    buttons = [
        ButtonsMessage.Button(
            button_id=choice.id, button_text=ButtonsMessage.Button.ButtonText(display_text=choice.title)
        )
        for choice in menu.choices
    ]
    message = ButtonsMessage(content_text=menu.body, footer_text=menu.footer, buttons=buttons)
    if menu.title:
        message.text = menu.title
    return Message(buttons_message=message)


def list_message(menu: Menu) -> Message:
    """The message in which a business offers a list; for those who play one."""
    sections = [
        ListMessage.Section(
            title=title,
            rows=[
                ListMessage.Row(title=choice.title, description=choice.description, row_id=choice.id)
                for choice in choices
            ],
        )
        for title, choices in menu.sections
    ]
    message = ListMessage(
        title=menu.title,
        description=menu.body,
        button_text=menu.opens_with,
        list_type=_SINGLE_SELECT,
        sections=sections,
        footer_text=menu.footer,
    )
    return Message(list_message=message)


def read_menu(inner: Message) -> Menu | None:
    """What an unwrapped message offers; None when it offers nothing."""
    if inner.HasField("buttons_message"):
        return _buttons(inner.buttons_message)
    if inner.HasField("list_message"):
        return _list(inner.list_message)
    if inner.HasField("template_message"):
        return _template(inner.template_message)
    return _interactive(inner.interactive_message) if inner.HasField("interactive_message") else None


def read_choice(inner: Message) -> Chosen | None:
    """What an unwrapped message chooses; None when it chooses nothing."""
    if inner.HasField("buttons_response_message"):
        pressed = inner.buttons_response_message
        return Chosen(pressed.selected_button_id, pressed.selected_display_text)
    if inner.HasField("template_button_reply_message"):
        template = inner.template_button_reply_message
        return Chosen(template.selected_id, template.selected_display_text)
    if inner.HasField("list_response_message"):
        row = inner.list_response_message
        return Chosen(row.single_select_reply.selected_row_id, row.title, row.description, from_list=True)
    if inner.HasField("interactive_response_message"):
        answer = inner.interactive_response_message
        flow = answer.native_flow_response_message
        told = _json(flow.params_json)
        return Chosen(_word(told, "id") or flow.name, answer.body.text or _word(told, "title"))
    return None


def _buttons(message: ButtonsMessage) -> Menu:
    choices = tuple(
        Choice(button.button_id, button.button_text.display_text) for button in message.buttons[:_MAX_CHOICES]
    )
    return Menu(message.text, message.content_text, message.footer_text, choices)


def _list(message: ListMessage) -> Menu:
    sections = tuple(
        (section.title, tuple(Choice(row.row_id, row.title, row.description) for row in section.rows[:_MAX_CHOICES]))
        for section in message.sections[:_MAX_CHOICES]
    )
    return Menu(
        message.title, message.description, message.footer_text, opens_with=message.button_text, sections=sections
    )


def _template(message: TemplateMessage) -> Menu:
    is_newer = message.HasField("hydrated_template")
    template = message.hydrated_template if is_newer else message.hydrated_four_row_template
    return Menu(
        template.hydrated_title_text,
        template.hydrated_content_text,
        template.hydrated_footer_text,
        tuple(_template_choices(template)),
    )


def _template_choices(template: TemplateMessage.HydratedFourRowTemplate) -> Iterator[Choice]:
    for button in template.hydrated_buttons[:_MAX_CHOICES]:
        if button.HasField("quick_reply_button"):
            yield Choice(button.quick_reply_button.id, button.quick_reply_button.display_text)
        elif button.HasField("url_button"):
            yield Choice("", button.url_button.display_text, url=button.url_button.url)
        elif button.HasField("call_button"):
            yield Choice("", button.call_button.display_text, phone=button.call_button.phone_number)


def _interactive(message: InteractiveMessage) -> Menu:
    choices = []
    for button in message.native_flow_message.buttons[:_MAX_CHOICES]:
        told = _json(button.button_params_json)
        title = _word(told, "display_text") or _word(told, "title") or button.name
        choices.append(Choice(_word(told, "id"), title, url=_word(told, "url"), phone=_word(told, "phone_number")))
    return Menu(message.header.title, message.body.text, message.footer.text, tuple(choices))


def _json(text: str) -> dict[str, object]:
    """What a native flow says in JSON; nothing when it is none."""
    if len(text) > _MAX_JSON:
        return {}
    try:
        told = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _word(told: dict[str, object], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
