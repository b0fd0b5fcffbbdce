"""What is said, as the plaintext that a worker sends: a vote needs its poll, and a group its own names for people."""

from __future__ import annotations

import time
from dataclasses import replace

from wagate.adapters.engines.neonize.attachment import AskFailed
from wagate.adapters.engines.neonize.groups import SpeaksInGroups
from wagate.adapters.engines.neonize.holding import Holding
from wagate.adapters.whatsapp_web.encode import Enclosed
from wagate.adapters.whatsapp_web.files import Sealed
from wagate.adapters.whatsapp_web.letters import compose
from wagate.adapters.whatsapp_web.naming import named_in, renamed
from wagate.domain.acts import Edit, PollVote
from wagate.domain.jid import Jid
from wagate.ports.engine import Outgoing


async def composed(outgoing: Outgoing, file: Sealed | None, holding: Holding, groups: SpeaksInGroups) -> bytes:
    """The plaintext; ``file`` is what it shows. Raises UnsupportedByEngine, SendImpossible, NotSent, VaultFailed."""
    said, poll = outgoing.content, None
    if isinstance(said, PollVote):
        poll = await holding.poll(said.target.wa_id)
    original = await holding.captioned(said.target.wa_id) if isinstance(said, Edit) else None
    if outgoing.to.is_group and any(person.is_phone for person in named_in(said)):
        outgoing = replace(outgoing, content=renamed(said, await _addresses_in(outgoing.to, groups)))
    return compose(outgoing, holding.credentials.account, round(time.time() * 1000), poll, Enclosed(file, original))


async def _addresses_in(group: Jid, groups: SpeaksInGroups) -> dict[Jid, Jid]:
    """Under which LIDs a group knows phone numbers: none where it goes by the numbers itself, or says nothing."""
    try:
        (told,) = (await groups.errand("group", group)).groups
    except (AskFailed, ValueError):
        return {}  # whether the message can go there at all is found out when it is sent
    return {Jid(one.alt): Jid(one.jid) for one in told.members if one.alt and Jid(one.alt).is_phone}
