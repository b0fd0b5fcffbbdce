"""What every list understands in its query."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from wagate.api.v1.schemas.parts import Asked, Line
from wagate.domain.page import DEFAULT_LIMIT, MAX_LIMIT, Order

Word = Annotated[Line, StringConstraints(min_length=1, max_length=200)]


class ListQuery(Asked):
    """How much of a list, from where on, in which order."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many at most.")
    cursor: Annotated[Line, StringConstraints(max_length=500)] | None = Field(
        default=None, description="`next_cursor` of the page before; opaque."
    )
    order: Order = Field(default=Order.ASC, description="Oldest or newest first.")
