"""Templates on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints
from typing_extensions import override

from wagate.api.v1.schemas.lists import ListQuery
from wagate.api.v1.schemas.parts import Asked, Line, Moment, Shown, example
from wagate.api.v1.schemas.sending import MAX_MENTIONS, Address, Sending, mentioned
from wagate.api.v1.schemas.template_contents import Held
from wagate.domain.templates import LANGUAGE, MAX_VALUE, MAX_VARIABLES, NAME, VARIABLE, TemplateUse
from wagate.features.messaging.requests import SendRequest

Name = Annotated[Line, StringConstraints(pattern=f"^{NAME}$", max_length=512)]
Language = Annotated[Line, StringConstraints(pattern=f"^{LANGUAGE}$", max_length=6)]
Variables = Annotated[
    dict[
        Annotated[Line, StringConstraints(pattern=f"^{VARIABLE}$", max_length=64)],
        Annotated[Line, StringConstraints(min_length=1, max_length=MAX_VALUE)],
    ],
    Field(max_length=MAX_VARIABLES, description="The words for each place, by its name: all of them, and no others."),
]

_NAME = "Lower-case letters, digits and underscores, as Meta's templates are named."
_LANGUAGE = "As `en`, `en_US` or `pt_BR`; empty for none. A name may be there once in each."
_HELD: dict[str, Any] = {
    "type": "text",
    "text": "Hello {{name}}, your order {{order}} is on its way.",
}


class StoreTemplate(Asked):
    """A template to store. `{{name}}` in its texts is a place for words; links, ids and numbers stay as they are."""

    model_config = example({"name": "order_sent", "language": "en_US", "content": _HELD})

    name: Name = Field(description=_NAME)
    language: Language = Field(default="", description=_LANGUAGE)
    content: Held = Field(description="What is sent: as in a message, without `to`.")


class RenderTemplate(Asked):
    """Words to fill a template with."""

    model_config = example({"variables": {"name": "Ana", "order": "1017"}})

    variables: Variables = Field(default_factory=dict)


class Template(Shown):
    """A template."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "id": "tpl_01KAGQ4R2T5W8Z1C4F7J0M3Q6S",
        "name": "order_sent",
        "language": "en_US",
        "content": _HELD,
        "variables": ["name", "order"],
        "created_at": "2026-11-20T09:15:27.123Z",
        "updated_at": "2026-11-20T09:15:27.123Z",
    }
    model_config = example(EXAMPLE)

    id: str
    name: str
    language: str
    content: dict[str, Any] = Field(description="As it was given; a file that had to be converted has a new id.")
    variables: list[str] = Field(description="The names of its places, in the order in which they are read.")
    created_at: Moment
    updated_at: Moment


class TemplatePage(Shown):
    """Some templates, and the cursor to the next ones."""

    model_config = example({"data": [Template.EXAMPLE], "next_cursor": None})

    data: list[Template]
    next_cursor: str | None


class RenderedTemplate(Shown):
    """What a message would say."""

    model_config = example(
        {
            "content": {"type": "text", "text": "Hello Ana, your order 1017 is on its way."},
            "text": "Hello Ana, your order 1017 is on its way.",
        }
    )

    content: dict[str, Any] = Field(description="By its type, as it would be sent without a template.")
    text: str = Field(description="The same, readable.")


class TemplateQuery(ListQuery):
    """Which templates to list, and in which order."""

    name: Name | None = Field(default=None, description="Only those of this name, in every language.")


class AskedTemplate(Asked):
    """Which template, and the words for it."""

    name: Name
    language: Language = Field(default="", description="Exactly that of the template.")
    variables: Variables = Field(default_factory=dict)


class SendTemplate(Sending):
    """What a stored template says, with these words."""

    model_config = example(
        {
            "to": "+5511999999999",
            "type": "template",
            "template": {
                "name": "order_sent",
                "language": "en_US",
                "variables": {"name": "Ana", "order": "1017"},
            },
        }
    )

    type: Literal["template"]
    template: AskedTemplate
    mentions: list[Address] = Field(
        default_factory=list, max_length=MAX_MENTIONS, description="People named in the text, as in `to`."
    )
    mentions_all: bool = Field(default=False, description="Call everybody in a group.")

    @override
    def to_request(self) -> SendRequest:
        """The same in the house's words. Raises InvalidRecipient for a mention that is no address."""
        asked = self.template
        use = TemplateUse(asked.name, asked.language, asked.variables, mentioned(self.mentions), self.mentions_all)
        return SendRequest(
            to=self.to,
            content=use,
            reply_to=self.reply_to,
            client_ref=self.client_ref,
            conditions=self.conditions(),
            deduplicate_s=self.deduplicate_s,
            deduplication_key=self._own_key(),
        )
