"""What a test sees of the pretend service, and what it lets that do wrong."""

from __future__ import annotations

from dataclasses import dataclass

from wagate.adapters.engines.fake.frames import PostedFile
from wagate.domain.acts import Said
from wagate.domain.content import Context, Quoted
from wagate.domain.jid import Jid


@dataclass(slots=True)
class Faults:
    """What the service does wrong from now on.

    ``withhold_acks``: messages are delivered, but the sender is not told. ``lose_posts``: messages vanish on the wire.
    ``refuse_with``: messages are refused with this code. ``refuse_login``: devices that dial are turned away at once,
    as by a network that is down. ``break_files``: so many more files break off when they are fetched.
    """

    withhold_acks: bool = False
    lose_posts: bool = False
    refuse_with: str | None = None
    refuse_login: bool = False
    break_files: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on a phone's screen."""

    wa_id: str
    sender: Jid
    text: str
    mentions: tuple[Jid, ...]
    quoted: Quoted | None
    content: Said
    context: Context
    file: PostedFile | None = None
