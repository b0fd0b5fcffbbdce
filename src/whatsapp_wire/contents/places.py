"""Locations, and live ones as they begin (WhatsApp's own definitions; Baileys `Utils/messages.ts`)."""

from dataclasses import dataclass
from math import isfinite

from whatsapp_wire.proto.message_pb2 import LocationMessage, Message


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees north and east, and what the place is called; `is_live`: its sender shares where they are going."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""
    is_live: bool = False


def location_message(place: Place) -> Message:
    """The message that tells a place."""
    message = LocationMessage(degrees_latitude=place.latitude, degrees_longitude=place.longitude)
    if place.name:
        message.name = place.name
    if place.address:
        message.address = place.address
    if place.is_live:
        message.is_live = True
    return Message(location_message=message)


def read_place(inner: Message) -> Place | None:
    """The place that an unwrapped message tells; None when it tells none that is on earth."""
    if inner.HasField("location_message"):
        told = inner.location_message
        name, address = told.name, told.address
        place = Place(told.degrees_latitude, told.degrees_longitude, name, address or told.url, told.is_live)
    elif inner.HasField("live_location_message"):
        live = inner.live_location_message
        place = Place(live.degrees_latitude, live.degrees_longitude, live.caption, is_live=True)
    else:
        return None
    return place if is_on_earth(place.latitude, place.longitude) else None


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Whether these are degrees north and east."""
    return isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
