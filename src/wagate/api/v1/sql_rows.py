"""A door without a knock: rows that other programs leave in a table are read with the schemas of the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from pydantic import AwareDatetime, ValidationError

from wagate.api.v1.schemas.conditions import ms
from wagate.api.v1.schemas.parts import Asked
from wagate.api.v1.schemas.sendable import SENDABLE
from wagate.api.v1.schemas.sending_media import SendMedia
from wagate.domain.conditions import Conditions, Priority
from wagate.domain.errors import InvalidRequest
from wagate.features.messaging.sql_rows import MAX_CONTENT, Left, Wanted

_BODY = ("to", "type", "text", "client_ref")
_CONDITIONS = ("priority", "send_at", "expires_at")
_ELSEWHERE = ("url", "base64")


class _Terms(Asked):
    """The columns that say when a message goes."""

    priority: Priority | None = None
    send_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None

    def over(self, conditions: Conditions) -> Conditions:
        """Conditions with what the columns say in place of what they were."""
        given: dict[str, Any] = {} if self.priority is None else {"priority": self.priority}
        for name in ("send_at", "expires_at"):
            moment = getattr(self, name)
            if moment is not None:
                given[name] = ms(moment)
        return replace(conditions, **given) if given else conditions


def read_row(left: Left) -> Wanted:
    """What a row asks for. Raises what reading the same as the body of a request raises."""
    body = _content(left.content)
    for name in _BODY:
        value = getattr(left, name)
        if value is not None:
            if name in body:
                raise InvalidRequest("It stands in a column already", pointer=f"/content/{name}")
            body[name] = value
    type_ = body.get("type", "text")
    model = SENDABLE.get(type_) if isinstance(type_, str) else None
    if model is None:
        raise InvalidRequest(f"The type must be one of {', '.join(SENDABLE)}", pointer="/type")
    for name in _ELSEWHERE:
        if issubclass(model, SendMedia) and name in body:
            raise InvalidRequest("A row names its file by `media`: upload it first", pointer=f"/content/{name}")
    try:
        asked = model.model_validate(body)
        terms = _Terms.model_validate({name: _sane(getattr(left, name)) for name in _CONDITIONS})
    except ValidationError as error:
        raise _refused(error) from None
    if isinstance(asked, SendMedia):
        asked.check_source()
    request = asked.to_request()
    request = replace(request, conditions=terms.over(request.conditions))
    return Wanted(request, asked.kind if isinstance(asked, SendMedia) else None)


def _content(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    if len(text) > MAX_CONTENT:
        raise InvalidRequest(f"The content is longer than {MAX_CONTENT} characters", pointer="/content")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidRequest("The content is no JSON", pointer="/content") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The content must be a JSON object", pointer="/content")
    return value


def _sane(moment: str | None) -> str | None:
    """PostgreSQL writes a whole offset without its minutes when a moment becomes text."""
    whole = moment is not None and len(moment) > 3 and moment[-3] in "+-" and ":" in moment[:-3]
    return f"{moment}:00" if whole else moment


def _refused(error: ValidationError) -> InvalidRequest:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return InvalidRequest(first["msg"], pointer="".join(f"/{part}" for part in first["loc"]))
