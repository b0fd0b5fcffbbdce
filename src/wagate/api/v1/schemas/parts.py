"""What all schemas are made of."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

from wagate.domain.content import LinkPreview
from wagate.domain.errors import InvalidContent


def _without_nul(text: str) -> str:
    # PostgreSQL cannot store U+0000, and no message means it.
    if "\0" in text:
        raise ValueError("must not contain the character U+0000")
    return text


Line = Annotated[str, AfterValidator(_without_nul)]
"""Text that every database can store."""

Moment = Annotated[
    str,
    Field(
        description="ISO 8601, UTC, with milliseconds.",
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-20T09:15:27.123Z"],
    ),
]


class Asked(BaseModel):
    """The body of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AskedPreview(Asked):
    """What a text shows of the page behind a link in it."""

    link: HttpUrl = Field(description="As it stands in the text.")
    title: Annotated[Line, StringConstraints(min_length=1, max_length=300)]
    description: Annotated[Line, StringConstraints(max_length=500)] | None = None

    def page(self, text: str) -> LinkPreview:
        """The same in the house's words. Raises InvalidContent when the link is not in the text."""
        for link in (str(self.link), str(self.link).rstrip("/")):
            if link in text:
                return LinkPreview(link, self.title, self.description)
        raise InvalidContent("The text does not contain this link", pointer="/preview/link")


class Shown(BaseModel):
    """The body of an answer. Clients ignore fields that they do not know; more may come."""

    model_config = ConfigDict(populate_by_name=True, hide_input_in_errors=True)


def example(value: dict[str, Any]) -> ConfigDict:
    """The ``model_config`` of a schema with an example; ``openapi.py`` copies it to every operation that uses it."""
    return ConfigDict(json_schema_extra={"examples": [value]})


class Problem(Shown):
    """What every error looks like (RFC 9457, application/problem+json)."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "type": "urn:wagate:error:session_not_found",
        "title": "There is no such session",
        "status": 404,
        "code": "session_not_found",
        "detail": "There is no session 'suport'.",
        "request_id": "req_3f2b9c54aa9d02e51c77",
    }
    model_config = example(EXAMPLE)

    type: str = Field(description="`urn:wagate:error:` and the code.")
    title: str = Field(description="What kind of error it is.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable; made for programs.")
    detail: str = Field(description="What happened and what to do; made for people.")
    request_id: str | None = Field(description="The id of the request in the log, also in the header X-Request-Id.")
    errors: list[dict[str, str]] | None = Field(
        default=None,
        description="One entry for each wrong field: `pointer` into the body (or `parameter`, or `header`), `code` and "
        "`detail`.",
    )
