"""Messages to groups, and status posts: one ciphertext for everybody, and our sender key for each device that lacks it.

Ratchets, sender key, who has it, and the exact stanza become durable together, before a byte leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from wagate.adapters.engines.native.machine import directory, group_keys, groups, polls, ratchets, statuses
from wagate.adapters.engines.native.machine.device import Device, InFlight, Person, Phase
from wagate.adapters.engines.native.machine.flows import Flow, Join, Load, Pause
from wagate.adapters.engines.native.machine.ratchets import Peer, peer_at
from wagate.adapters.engines.native.machine.records import Step, Unacked
from wagate.adapters.engines.native.machine.send import depart, hash_of, is_kept, keep, original_of, seal_each, stage_in
from wagate.adapters.whatsapp_web.encode import Enclosed, Stage, message_of
from wagate.adapters.whatsapp_web.files import Sealed
from wagate.adapters.whatsapp_web.naming import renamed
from wagate.domain import jid as domain
from wagate.domain.acts import PollVote, Said
from wagate.ports.engine import NoRecipientDevice, NotSent, Outgoing
from wagate.ports.vault import RecordKey
from whatsapp_wire.encoding import encode
from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import HOSTED_SERVERS, Jid
from whatsapp_wire.message import stanza_kind
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.sender_key_share import share
from whatsapp_wire.signal import sender_keys
from whatsapp_wire.stanza.group_message import GroupMessage
from whatsapp_wire.stanza.message import EncKind, Recipient

_LOOKS: Final = 4
"""How often to begin anew because the group changed while we looked its devices up."""

_PATIENCE_S: Final = 30.0
_PAUSE_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class _Audience:
    """The devices that a message is for, but the one it is sent from, and the records that say so.

    ``keeps_keys``: who was given a key once need not get it again; the server tells everybody else by itself.
    """

    by_lid: bool
    people: tuple[Person, ...]
    records: tuple[RecordKey, ...]
    values: tuple[bytes | None, ...]
    peers: tuple[Peer, ...]
    keeps_keys: bool = True

    def spelled(self, device: Jid) -> Jid:
        """A device as the group calls it."""
        if self.by_lid:
            return device
        pn = next((person.pn for person in self.people if person.lid == device.bare), None)
        return device if pn is None else pn.with_device(device.device)

    def in_its_terms(self, said: Said) -> Said:
        """What names people as the group addresses them: apps show a mention where the text has its ``@user``, and find
        a message by its author.
        """
        if not self.by_lid:
            return said
        lids = {domain.Jid(person.pn): domain.Jid(person.lid) for person in self.people if person.pn is not None}
        return renamed(said, lids)


def send(us: Device, outgoing: Outgoing, file: Sealed | None) -> Flow[None]:
    """Make a message to a group durable with its exact stanza, and send that; as `send.send` does for people.

    Raises NotSent, SendImpossible (NotInGroup among others), or the vault's error.
    """
    if us.phase is not Phase.READY:
        raise NotSent("the session is not connected to WhatsApp")
    yield Join(("send", outgoing.chosen_id), lambda: _send(us, outgoing, file))


def _send(us: Device, outgoing: Outgoing, file: Sealed | None) -> Flow[None]:
    group = Jid(outgoing.to)
    if not outgoing.is_first and (yield from is_kept(us, outgoing.chosen_id)):
        return
    stage = stage_in(us, group)
    enclosed = Enclosed(file, (yield from original_of(us, outgoing.content)))
    try:
        vote = yield from _vote(us, outgoing, stage)
        audience = yield from _settled_audience(us, outgoing)
    except WireError as error:
        raise NotSent(f"WhatsApp's answer to a look-up cannot be read: {error}") from error
    # From here to the commit nothing waits: no other flow can see a ratchet between its old and its new state.
    step = us.step()
    said = audience.in_its_terms(outgoing.content)
    message = vote or message_of(replace(outgoing, content=said), stage, enclosed)
    in_flight = _seal(us, step, outgoing.chosen_id, group, audience, message)
    polls.keep(step, outgoing.chosen_id, us.me.lid, message)
    if not group.is_group:
        statuses.keep(step, outgoing.chosen_id, audience.people)
    yield from depart(us, outgoing.message, step, in_flight)


def _vote(us: Device, outgoing: Outgoing, stage: Stage) -> Flow[Message | None]:
    """The message of a vote, which has to wait for its poll's secret; None for anything else. Raises NotSent."""
    if not isinstance(outgoing.content, PollVote):
        return None
    audience = yield from _audience(us, outgoing)
    named = audience.in_its_terms(outgoing.content)
    assert isinstance(named, PollVote), "only names change"
    return (yield from polls.compose_vote(us, named, stage))


def _settled_audience(us: Device, outgoing: Outgoing) -> Flow[_Audience]:
    """The audience with all that is needed to write to it loaded, as it is at this very moment. Raises NotSent."""
    group = Jid(outgoing.to)
    looks, deadline = 0, us.shell.now() + _PATIENCE_S
    while looks < _LOOKS and us.shell.now() < deadline and us.phase is Phase.READY:
        audience = yield from _audience(us, outgoing)
        own_records = group_keys.records(us, group)
        yield Load(own_records)
        lacking = _lacking(us, group, audience)
        yield from directory.meet(us, lacking)
        keys = (key for peer in lacking for key in peer.keys)
        yield Load((*own_records, *audience.records, *keys))
        still = _lacking(us, group, audience)
        is_current = tuple(us.shell.get(*record) for record in audience.records) == audience.values
        if not is_current or not set(still) <= set(lacking):
            looks += 1
        elif _has_room_for_a_key(us, group, audience):
            return audience
        else:
            yield Pause(_PAUSE_S)
    raise NotSent("the group changes faster than it can be written to")


def _has_room_for_a_key(us: Device, group: Jid, audience: _Audience) -> bool:
    """Whether the next message may begin a new key, if it needs one.

    A receiver keeps the newest five keys of a device. Stanzas without an ack go out again after a crash, in which case
    their keys must be among those, or the receiver takes what it has shown already for something that it cannot read.
    """
    key, _ = group_keys.usable(us, us.step(), group, audience.peers)
    waiting = sum(in_flight.unacked.chat == group for in_flight in us.unacked.values())
    return key is not None or waiting < sender_keys.MAX_STATES - 1


def _lacking(us: Device, group: Jid, audience: _Audience) -> list[Peer]:
    """The devices that the key has to be sent to."""
    if not audience.keeps_keys:
        return list(audience.peers)
    return group_keys.lacking(us, us.step(), group, audience.peers)


def _audience(us: Device, outgoing: Outgoing) -> Flow[_Audience]:
    group = Jid(outgoing.to)
    if not group.is_group:
        return (yield from _viewers(us, outgoing))
    membership = yield from groups.members_of(us, group)
    people = yield from groups.people_of(us, membership)
    lists = yield from directory.lists_of(us, people)
    devices = [device for known in lists if known is not None for device in known.devices]
    return _Audience(
        by_lid=membership.by_lid,
        people=people,
        records=(("group", group), *(("device", person.lid) for person in people)),
        # The members as they were when we began to look their devices up.
        values=(membership.pack(), *(None if known is None else known.pack() for known in lists)),
        peers=tuple(peer_at(device) for device in devices if _is_meant(us, device)),
    )


def _viewers(us: Device, outgoing: Outgoing) -> Flow[_Audience]:
    """Whom a status post is for. Raises NotSent, NotOnWhatsApp when there is nobody."""
    people = yield from statuses.audience_of(us, outgoing.audience)
    lists = yield from directory.lists_of(us, people)
    devices = [device for known in lists if known is not None for device in known.devices]
    return _Audience(
        by_lid=True,
        people=people,
        records=tuple(("device", person.lid) for person in people),
        values=tuple(None if known is None else known.pack() for known in lists),
        peers=tuple(peer_at(device) for device in devices if _is_meant(us, device)),
        keeps_keys=False,
    )


def _is_meant(us: Device, device: Jid) -> bool:
    """Hosted devices take no part in groups (whatsmeow `send.go`)."""
    return device != us.own.lid and device.server not in HOSTED_SERVERS


def _seal(us: Device, step: Step, wa_id: str, group: Jid, audience: _Audience, message: Message) -> InFlight:
    record, holders = group_keys.usable(us, step, group, audience.peers)
    if record is None:
        record = sender_keys.create()
    strangers = group_keys.strangers(holders, audience.peers) if audience.keeps_keys else list(audience.peers)
    distributed = share(group, sender_keys.distribution(record)).SerializeToString()
    given = seal_each(us, step, strangers, distributed)
    reached = {recipient.device for recipient in given}
    if not reached and not holders.devices:
        raise NoRecipientDevice()
    group_keys.give(step, group, holders, [peer for peer in strangers if peer.device in reached])
    plaintext = message.SerializeToString()
    ciphertext = ratchets.seal_for_group(step, record, group_keys.key_record(us, group), plaintext)
    phash = hash_of(tuple(audience.spelled(device) for device in (us.own.lid, *(p.device for p in audience.peers))))
    kind = stanza_kind(message)
    stanza = GroupMessage(
        id=wa_id,
        group=group,
        type=kind.type,
        keys=tuple(Recipient(audience.spelled(to.device), to.kind, to.ciphertext) for to in given),
        ciphertext=ciphertext,
        phash=phash,
        by_lid=audience.by_lid,
        edit=kind.edit,
        content=EncKind(kind.media_type, kind.hide_failure, kind.poll_type),
        device_identity=us.credentials.voucher,
    )
    return keep(us, step, Unacked(wa_id, group, phash, encode(stanza.node())), plaintext)
