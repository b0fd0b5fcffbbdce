"""People as a group addresses them: apps show a mention where the text has its ``@user``, and find a message by its
author.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from wagate.domain.acts import Act, Said
from wagate.domain.content import Captioned, Text
from wagate.domain.jid import Jid


def renamed(said: Said, addresses: Mapping[Jid, Jid]) -> Said:
    """The same with people under other addresses, where there are any for them."""
    if isinstance(said, Act):
        author = said.target.author
        return replace(said, target=replace(said.target, author=addresses.get(author, author)))
    if not isinstance(said, Text | Captioned) or not said.mentions:
        return said
    body = said.body if isinstance(said, Text) else said.caption or ""
    for mention in said.mentions:
        if mention in addresses:
            body = re.sub(rf"@{mention.user}(?!\d)", f"@{addresses[mention].user}", body)
    mentions = tuple(addresses.get(mention, mention) for mention in said.mentions)
    if isinstance(said, Text):
        return replace(said, body=body, mentions=mentions)
    return replace(said, caption=body or None, mentions=mentions)


def named_in(said: Said) -> tuple[Jid, ...]:
    """The people whom `renamed` may name otherwise."""
    if isinstance(said, Act):
        return (said.target.author,)
    return said.mentions if isinstance(said, Text | Captioned) else ()
