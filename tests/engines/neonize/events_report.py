"""Builds neonize's events and prints how they are read, as JSON: neonize must not be loaded into the tests' process."""

import json
import os
import sys
from dataclasses import asdict
from typing import Any

from wagate.adapters.engines.neonize.worker.binding import Neonize
from wagate.adapters.engines.neonize.worker.line import (
    BLOCKLIST,
    CALL_ACCEPT,
    CALL_END,
    CALL_NOTICE,
    CALL_OFFER,
    DEVICE,
    GROUP_CHANGED,
    GROUP_ENTERED,
    MESSAGE,
    PICTURE,
    PRESENCE,
    RECEIPT,
    TYPING,
    UNDECRYPTABLE,
    EventUnreadable,
)


def jid(address: str, pb: Any) -> Any:
    user, _, server = address.partition("@")
    user, _, device = user.partition(":")
    return pb.JID(User=user, RawAgent=0, Device=int(device or 0), Integrator=0, Server=server, IsEmpty=not user)


def source(pb: Any, chat: str, sender: str, *, mine: bool = False, group: bool = False, alt: str = "") -> Any:
    return pb.MessageSource(
        Chat=jid(chat, pb),
        Sender=jid(sender, pb),
        IsFromMe=mine,
        IsGroup=group,
        SenderAlt=jid("" if mine else alt, pb),
        RecipientAlt=jid(alt if mine else "", pb),
        BroadcastListOwner=jid("", pb),
    )


def people_told(pb: Any) -> dict[str, tuple[int, bytes]]:
    """What is kept of people."""
    meta = pb.BasicCallMeta(
        timestamp=9, callCreator=jid("222:3@lid", pb), callCreatorAlt=jid("5522@s.whatsapp.net", pb), callID="C1"
    )
    getattr(meta, "from").CopyFrom(jid("222@lid", pb))
    remote = pb.CallRemoteMeta(remotePlatform="android", remoteVersion="2")
    group = pb.NodeAttrs(name="group-jid", jid=jid("9@g.us", pb))
    video = pb.Node(Tag="offer", Nodes=[pb.Node(Tag="audio"), pb.Node(Tag="video")])
    changes = [pb.BlocklistChange(JID=jid("222@lid", pb), BlockAction=action) for action in (1, 2)]

    def blocklist(changes: list[Any]) -> bytes:
        return bytes(pb.BlocklistEvent(Action=2, DHASH="x", PrevDHash="y", Changes=changes).SerializeToString())

    def picture(of: str, *, removed: bool) -> bytes:
        by = jid("222@lid" if of.endswith("g.us") else "", pb)
        return bytes(pb.Picture(JID=jid(of, pb), Author=by, Timestamp=9, Remove=removed).SerializeToString())

    return {
        "shown": (PICTURE, picture("222@lid", removed=False)),
        "groups_picture": (PICTURE, picture("9@g.us", removed=True)),
        "nobodys_picture": (PICTURE, picture("", removed=False)),
        "blocked": (BLOCKLIST, blocklist(changes)),
        "other_list": (BLOCKLIST, blocklist([])),
        "rang": (CALL_OFFER, pb.CallOffer(basicCallMeta=meta, callRemoteMeta=remote, data=video).SerializeToString()),
        "offline_rang": (
            CALL_NOTICE,
            pb.CallOfferNotice(
                basicCallMeta=meta, media="audio", type="group", data=pb.Node(Tag="offer_notice", Attrs=[group])
            ).SerializeToString(),
        ),
        "answered": (
            CALL_ACCEPT,
            pb.CallAccept(basicCallMeta=meta, callRemoteMeta=remote, data=pb.Node(Tag="accept")).SerializeToString(),
        ),
        "gave_up": (
            CALL_END,
            pb.CallTerminate(basicCallMeta=meta, reason="timeout", data=pb.Node(Tag="terminate")).SerializeToString(),
        ),
        "nobody_rang": (CALL_OFFER, b""),
    }


def people_seen(pb: Any) -> dict[str, tuple[int, bytes]]:
    """What is told at once."""

    def typing(state: int, media: int, *, mine: bool = False) -> bytes:
        of = source(pb, "222:3@lid", "222:3@lid", mine=mine, alt="5522@s.whatsapp.net")
        return bytes(pb.ChatPresence(MessageSource=of, State=state, Media=media).SerializeToString())

    def presence(*, unavailable: bool, last_seen: int) -> bytes:
        told = pb.Presence(Unavailable=unavailable, LastSeen=last_seen)
        told.From.CopyFrom(jid("222@lid", pb))
        return bytes(told.SerializeToString())

    never = -62_135_596_800  # Go's time without a value
    return {
        "writes": (TYPING, typing(1, 1)),
        "records": (TYPING, typing(1, 2)),
        "stopped": (TYPING, typing(2, 1)),
        "we_write": (TYPING, typing(1, 1, mine=True)),
        "online": (PRESENCE, presence(unavailable=False, last_seen=never)),
        "gone": (PRESENCE, presence(unavailable=True, last_seen=9)),
        "hidden": (PRESENCE, presence(unavailable=True, last_seen=never)),
    }


def main() -> None:
    from neonize.proto import Neonize_pb2 as pb
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

    def message(body: Any, of: Any, *, edit: str = "", once: bool = False, id: str = "3EB0") -> bytes:
        info = pb.MessageInfo(
            MessageSource=of, ID=id, ServerID=0, Type="text", Pushname="Other", Timestamp=5000, Category="",
            Multicast=False, MediaType="", Edit=edit,
        )  # fmt: skip
        flags = ("IsEphemeral", "IsViewOnce", "IsViewOnceV2", "IsViewOnceV2Extension", "IsDocumentWithCaption")
        told = pb.Message(
            Info=info, Message=body, IsLottieSticker=False, IsEdit=False, UnavailableRequestID="", RetryCount=0,
            **{**dict.fromkeys(flags, False), "IsViewOnce": once},
        )  # fmt: skip
        return bytes(told.SerializeToString())

    direct = source(pb, "222:3@lid", "222:3@lid", alt="5522:3@s.whatsapp.net")
    ours = source(pb, "222@lid", "111:4@lid", mine=True, alt="5522@s.whatsapp.net")
    group = source(pb, "9@g.us", "222:3@lid", group=True, alt="5522@s.whatsapp.net")

    def receipt(kind: int, *, mine: bool = False) -> bytes:
        of = source(pb, "222@lid", "222:3@lid", mine=mine)
        return bytes(pb.Receipt(MessageSource=of, MessageIDs=["A", "B"], Timestamp=9, Type=kind).SerializeToString())

    undecryptable = pb.UndecryptableMessage.FromString(b"")
    undecryptable.Info.CopyFrom(pb.Message.FromString(message(Message(conversation="x"), direct)).Info)
    undecryptable.IsUnavailable = False
    undecryptable.DecryptFailMode = 1
    device = pb.Device(
        JID=jid("5511:4@s.whatsapp.net", pb), LID=jid("111@lid", pb), Platform="android", BussinessName="",
        PushName="Me", Initialized=True,
    )  # fmt: skip

    def entered(people: int) -> bytes:
        told = pb.JoinedGroup.FromString(b"")
        told.Sender.CopyFrom(jid("222:3@lid", pb))
        told.SenderPN.CopyFrom(jid("5522@s.whatsapp.net", pb))
        told.GroupInfo.JID.CopyFrom(jid("9@g.us", pb))
        told.GroupInfo.OwnerJID.CopyFrom(jid("222@lid", pb))
        told.GroupInfo.GroupName.Name = "Sales"
        told.GroupInfo.GroupAnnounce.IsAnnounce = True
        for number in range(people):
            person = told.GroupInfo.Participants.add()
            person.JID.CopyFrom(jid("111@lid" if number else "222@lid", pb))
            person.IsSuperAdmin = not number
            if not number:
                person.LID.CopyFrom(jid("222@lid", pb))
                person.PhoneNumber.CopyFrom(jid("5522@s.whatsapp.net", pb))
        return bytes(told.SerializePartialToString())

    changed = pb.GroupInfoEvent(
        JID=jid("9@g.us", pb), Notify="", Sender=jid("222:3@lid", pb), Timestamp=9, NewInviteLink="https://x/y",
        PrevParticipantsVersionID="", ParticipantVersionID="", JoinReason="invite",
    )  # fmt: skip
    changed.Name.Name = "Sales 2"
    changed.Topic.TopicDeleted = True
    changed.Locked.isLocked = True
    changed.Announce.IsAnnounce = False
    changed.Ephemeral.IsEphemeral, changed.Ephemeral.DisappearingTimer = True, 60
    changed.Join.add().CopyFrom(jid("333@lid", pb))
    changed.Leave.add().CopyFrom(jid("444@lid", pb))
    changed.Delete.Deleted = True
    kept = {
        "text": (MESSAGE, message(Message(conversation="hi"), direct)),
        "mine": (MESSAGE, message(Message(conversation="hi"), ours)),
        "group": (MESSAGE, message(Message(conversation="hi"), group)),
        "once": (MESSAGE, message(Message(imageMessage={}), direct, once=True)),
        "admins": (MESSAGE, message(Message(protocolMessage={"type": 0}), group, edit="8")),
        "huge": (MESSAGE, message(Message(conversation="x" * (3 << 20)), direct)),
        "nobodys": (MESSAGE, message(Message(conversation="hi"), source(pb, "", ""))),
        "entered": (GROUP_ENTERED, entered(2)),
        "crowd": (GROUP_ENTERED, entered(20_000)),
        "nowhere": (GROUP_ENTERED, b""),
        "changed": (GROUP_CHANGED, changed.SerializePartialToString()),
        "unchanged": (GROUP_CHANGED, b""),
        "image": (MESSAGE, message(Message(imageMessage={"caption": "x"}), direct)),
        "reaction": (MESSAGE, message(Message(reactionMessage={"text": "x"}), direct)),
        "unheard": (MESSAGE, message(Message(requestPhoneNumberMessage={}), direct)),
        "key_share": (MESSAGE, message(Message(protocolMessage={"type": 6}), direct)),
        "group_key": (MESSAGE, message(Message(senderKeyDistributionMessage={"groupID": "9@g.us"}), direct)),
        "empty": (MESSAGE, message(Message(), direct)),
        "garbage": (MESSAGE, b"\xff\xff\xff"),
        "cut": (MESSAGE, message(Message(conversation="hi"), direct)[:20]),
        "delivered": (RECEIPT, receipt(pb.Receipt.DELIVERED)),
        "read": (RECEIPT, receipt(pb.Receipt.READ)),
        "played": (RECEIPT, receipt(pb.Receipt.PLAYED)),
        "retry": (RECEIPT, receipt(pb.Receipt.RETRY)),
        "sender": (RECEIPT, receipt(pb.Receipt.SENDER, mine=True)),
        "read_self": (RECEIPT, receipt(pb.Receipt.READ_SELF, mine=True)),
        "read_by_us": (RECEIPT, receipt(pb.Receipt.READ, mine=True)),
        "undecryptable": (UNDECRYPTABLE, undecryptable.SerializeToString()),
        "device": (DEVICE, device.SerializeToString()),
    }  # fmt: skip
    library = Neonize()
    told: dict[str, Any] = {}
    for name, (kind, value) in (kept | people_told(pb)).items():
        try:
            event = library.read_kept(kind, value, offline=name.startswith("offline"))
            told[name] = [type(event).__name__, asdict(event)]
        except EventUnreadable as error:
            told[name] = ["EventUnreadable", {"text": str(error)}]
    for name, (kind, value) in people_seen(pb).items():
        seen = library.read_seen(kind, value)
        told[f"seen_{name}"] = None if seen is None else asdict(seen)
    line = {
        "connected": (3, pb.Connected(status=True).SerializeToString()),
        "banned": (8, pb.TemporaryBan(Code=1, Expire=60).SerializeToString()),
        "removed": (6, pb.LoggedOut(OnConnect=False, Reason=2).SerializeToString()),
        "refused": (6, pb.LoggedOut(OnConnect=True, Reason=4).SerializeToString()),
        "replaced": (7, b""),
        "outdated": (10, b""),
        "disconnected": (12, pb.Disconnected(status=True).SerializeToString()),
        "nothing": (1, b"whatever"),
    }
    for name, (kind, value) in line.items():
        news = library.read_line(kind, value)
        told[f"line_{name}"] = None if news is None else asdict(news)
    sys.stdout.write("@@" + json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
