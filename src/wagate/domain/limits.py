"""How long what is said may be, whatever says it: the numbers that no engine differs in.

Those that engines differ in are on their data sheets (`wagate.ports.engine.EngineFeatures`). All are in characters
(Unicode code points), and none is taken from anything official but where it is said.
"""

from __future__ import annotations

from typing import Final

CAPTION: Final = 1_024
"""Under a file, as Meta's Cloud API has it."""

FOOTER: Final = 60
"""Under buttons and lists, as Meta's Cloud API has it."""

QUESTION: Final = 255
OPTION: Final = 100
"""Of polls, as WhatsApp's own apps have it."""

EMOJI: Final = 64
"""One emoji may be made of many characters; what is longer is none."""

TITLE: Final = 256
"""Of a choice: a button, a row of a list, a section."""

NAME: Final = 1_000
"""Of a place, an event, a person on a card; also an address, and what stands below a choice."""

DESCRIPTION: Final = 4_096
"""Of an event."""

CHOICES: Final = 100
CARDS: Final = 100
"""How many of them one message holds."""
