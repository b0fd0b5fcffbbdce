"""Media: bytes of any size, in and out, kept once per tenant, looked into safely, and let go in time.

Rooms above join in with transaction scripts of their own: ``expect`` for media that was announced and is not here yet,
``refer`` for what shows media, ``release`` and ``unrefer`` when it needs the bytes, or shows them, no longer. The bytes
of an announced media come by ``MediaRoom.fulfil``.
"""

from wagate.features.media.arrivals import Arrivals, dismiss
from wagate.features.media.intake import Claims
from wagate.features.media.repository.origins import Wanted, due, due_sessions, later
from wagate.features.media.repository.rows import add_media as expect
from wagate.features.media.repository.rows import find_many, refer, release, unrefer
from wagate.features.media.service import MediaRoom, Opened
from wagate.features.media.shape import media_shape

__all__ = [
    "Arrivals",
    "Claims",
    "MediaRoom",
    "Opened",
    "Wanted",
    "dismiss",
    "due",
    "due_sessions",
    "expect",
    "find_many",
    "later",
    "media_shape",
    "refer",
    "release",
    "unrefer",
]
