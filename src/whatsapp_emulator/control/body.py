"""What comes with a control request, read with the types it must have."""

from collections.abc import Mapping

from aiohttp import web

from whatsapp_wire.jid import USER_SERVER, Jid


class BadRequest(ValueError):
    """The body or the query of a request is not what its operation takes; the text says what is wrong."""


async def read_body(request: web.Request) -> "Body":
    """The JSON object of a request; an empty body is an empty object. Raises BadRequest."""
    if not request.can_read_body:
        return Body({})
    try:
        parsed = await request.json()
    except ValueError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(parsed, dict):
        raise BadRequest("the body is not a JSON object")
    return Body(parsed)


class Body:
    """A JSON object. Each method raises BadRequest when the field has another type."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self.fields = fields

    def text(self, name: str) -> str:
        """A text that must be there."""
        text = self.maybe_text(name)
        if text is None:
            raise BadRequest(f"{name} is missing")
        return text

    def maybe_text(self, name: str) -> str | None:
        """A text or null; a number is taken as its digits."""
        value = self.fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise BadRequest(f"{name} must be a text")
        return value

    def flag(self, name: str) -> bool:
        """True or false, which must be there."""
        value = self.fields.get(name)
        if not isinstance(value, bool):
            raise BadRequest(f"{name} must be true or false")
        return value

    def number(self, name: str, default: int) -> int:
        """A whole number that is not negative."""
        value = self.fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise BadRequest(f"{name} must be a whole number that is not negative")
        return value

    def real(self, name: str) -> float:
        """A number that must be there."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{name} must be a number")
        return float(value)

    def texts(self, name: str) -> list[str] | None:
        """A list of texts, or null."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise BadRequest(f"{name} must be a list of texts")
        return value

    def object(self, name: str) -> dict[str, object]:
        """An object of whatever; empty when absent."""
        value = self.fields.get(name) or {}
        if not isinstance(value, dict):
            raise BadRequest(f"{name} must be an object")
        return value

    def strings(self, name: str) -> dict[str, str]:
        """An object of texts; empty when absent."""
        value = self.fields.get(name) or {}
        if not isinstance(value, dict):
            raise BadRequest(f"{name} must be an object")
        return {str(key): str(item) for key, item in value.items()}


def query_number(request: web.Request, name: str, default: float) -> float:
    """A number in the query that is not negative. Raises BadRequest."""
    text = request.query.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise BadRequest(f"{name} must be a number that is not negative")
    return number


def address(text: str) -> Jid:
    """Whom a request means: digits are a phone number, anything else an address."""
    return Jid(text) if "@" in text else Jid.of(text.removeprefix("+"), USER_SERVER)
