"""Our own sender keys: one for each group, who has it, and when another one is needed.

Whoever has a key can read everything that is written with it, so one that somebody had who is not there any more is not
used again. That is decided when a message is encrypted, by comparing the devices that have the key with those that the
message is for: it does not matter how they came to differ, or what was heard of it. Only those who left and came
back in between would look alike, so whoever leaves ends a key at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wagate.adapters.engines.native.machine.device import Device
from wagate.adapters.engines.native.machine.ratchets import Peer, peer_at, sender_key_record
from wagate.adapters.engines.native.machine.records import Holders, Step
from wagate.ports.vault import RecordKey
from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.message_pb2 import Message
from whatsapp_wire.sender_key_share import share
from whatsapp_wire.signal import sender_keys


def key_record(us: Device, group: Jid) -> RecordKey:
    """Where our own key for a group is kept."""
    return sender_key_record(group, peer_at(us.own.lid))


def records(us: Device, group: Jid) -> tuple[RecordKey, ...]:
    """What the other functions need to have loaded."""
    return key_record(us, group), ("holders", group)


def usable(us: Device, step: Step, group: Jid, audience: Collection[Peer]) -> tuple[bytes | None, Holders]:
    """Our key for a group and who has it: None and nobody when the next message needs a new one."""
    record, holders = step.get(*key_record(us, group)), Holders.unpack(step.get("holders", group))
    if record is None or holders.devices.difference(peer.address for peer in audience):
        return None, Holders()
    return record, holders


def lacking(us: Device, step: Step, group: Jid, audience: Sequence[Peer]) -> list[Peer]:
    """The devices that have to be given the key before they can read the next message."""
    _, holders = usable(us, step, group, audience)
    return strangers(holders, audience)


def strangers(holders: Holders, audience: Sequence[Peer]) -> list[Peer]:
    """Those of some devices that do not surely have the key."""
    have = holders.devices - holders.doubtful
    return [peer for peer in audience if peer.address not in have]


def give(step: Step, group: Jid, holders: Holders, peers: Collection[Peer]) -> None:
    """Keep that these devices have the key now, too."""
    addresses = frozenset(peer.address for peer in peers)
    given = Holders(holders.devices | addresses, holders.doubtful - addresses)
    if given != holders or step.get("holders", group) is None:
        step.put("holders", group, given.pack())


def doubt(step: Step, group: Jid, addresses: frozenset[str]) -> None:
    """These devices may not have the key, whatever they were given. That they may have it counts all the same."""
    holders = Holders.unpack(step.get("holders", group))
    step.put("holders", group, Holders(holders.devices | addresses, holders.doubtful | addresses).pack())


def with_key(us: Device, step: Step, group: Jid, peer: Peer, message: Message) -> Message:
    """A message for one device that could not read it, with the key to the next ones, if there is one.

    An answer is not sent again if it gets lost, so the next message to the group brings the key once more.
    """
    record = step.get(*key_record(us, group))
    if record is None:
        return message
    doubt(step, group, frozenset((peer.address,)))
    return share(group, sender_keys.distribution(record), message)


def forget(us: Device, step: Step, group: Jid) -> None:
    """Use the key no more, whoever has it: somebody left the group, or those meant to get it did not."""
    for kind, address in records(us, group):
        if step.get(kind, address) is not None:
            step.delete(kind, address)
