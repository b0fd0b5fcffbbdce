"""People through neonize: what the gateway asks about them, and what neonize tells of them, in the words of the link.

neonize 0.5.2 has no call that takes a picture away, and passes on neither whatsmeow's ``UserAbout`` nor its
``PushName`` and ``CallReject``; of a picture it does not tell the id.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from neonize import _binder as binder
from neonize.proto import Neonize_pb2 as pb
from neonize.utils.enum import BlocklistAction, Presence

from wagate.adapters.engines.neonize.link.messages import Ask, Event, Nothing
from wagate.adapters.engines.neonize.link.people import (
    Blocked,
    BlocklistNews,
    CallNews,
    PersonTold,
    PictureNews,
    PictureTold,
    PresenceTold,
    SettingTold,
)
from wagate.adapters.engines.neonize.worker.groups import bare
from wagate.adapters.engines.neonize.worker.line import Refused, WithPeople

_PHONE: Final = "s.whatsapp.net"
_LID: Final = "lid"

_SETTINGS: Final = {
    "last": "LastSeen",
    "online": "Online",
    "profile": "Profile",
    "status": "Status",
    "readreceipts": "ReadReceipts",
    "groupadd": "GroupAdd",
    "calladd": "CallAdd",
}
"""WhatsApp's words for what can be hidden, and neonize's."""

_NOBODY: Final = "Function returned nothing"
"""neonize's error for an answer in which there is no account."""


class People:
    """What can be done with people, through one client. Everything raises what neonize raises, or Refused."""

    def __init__(self, client: Any, address: Callable[[str], Any]) -> None:
        """``address`` makes an address of neonize's."""
        self._client = client
        self._address = address

    def do(self, ask: Ask) -> WithPeople:
        """Do one of `PEOPLE_ERRANDS`."""
        match ask.what:
            case "check":
                return WithPeople(people=self._check(ask.ids))
            case "profile":
                return WithPeople(people=self._profile(ask.subject))
            case "see_picture":
                return WithPeople(pictures=self._picture(ask.subject, ask.text))
            case "blocked":
                told = self._client.get_blocklist()
                return WithPeople(people=tuple(self._person(jid) for jid in told.JIDs))
            case "block" | "unblock":
                person = self._address(ask.subject)
                self._client.update_blocklist(person, BlocklistAction(ask.what))
                return WithPeople(people=(self._person(person),))
            case "identify":
                return WithPeople(people=(self._identify(ask.subject),))
            case "set_picture":
                return WithPeople(value=self._set_picture(base64.b64decode(ask.text, validate=True)))
            case "privacy":
                return WithPeople(settings=_settings(self._client.get_privacy_settings()))
        self._change(ask)
        return WithPeople()

    def _change(self, ask: Ask) -> None:
        match ask.what:
            case "set_about":
                self._client.set_status_message(ask.text)
            case "set_name":
                self._client.set_profile_name(ask.text)
            case "set_privacy":
                self._set_privacy(ask.subject, ask.text)
            case "presence":
                self._client.send_presence(Presence(ask.text.encode()))
            case "watch":
                self._client.subscribe_presence(self._address(ask.subject))
            case "reject":
                self._client.reject_call(self._address(ask.subject), ask.text)
            case _:
                raise Refused(f"there is no errand {ask.what!r}")

    def _check(self, numbers: tuple[str, ...]) -> tuple[PersonTold, ...]:
        try:
            answers = self._client.is_on_whatsapp(*(f"+{number}" for number in numbers))
        except Exception as error:
            if _NOBODY in str(error):
                return ()
            raise
        return tuple(self._person(one.JID, one.Query.lstrip("+")) for one in answers if one.IsIn and one.JID.User)

    def _identify(self, address: str) -> PersonTold:
        """Somebody under both addresses. The service is asked where whatsmeow does not know the LID of a number."""
        person = self._person(self._address(address))
        return person if person.lid else next(iter(self._profile(address)), person)

    def _profile(self, address: str) -> tuple[PersonTold, ...]:
        """What somebody shows, asked for under their phone number, where it is known: the service knows all by it."""
        jid = self._address(address)
        asked = self._person(jid).phone or address
        told = self._client.get_user_info(self._address(asked))
        return tuple(
            self._person(one.JID, about=str(one.UserInfo.Status), picture=str(one.UserInfo.PictureID)) for one in told
        )

    def _picture(self, address: str, kind: str) -> tuple[PictureTold, ...]:
        # Go takes none of these where one is missing.
        params = pb.GetProfilePictureParams(Preview=kind == "preview", ExistingID="", IsCommunity=False)
        found = self._client.get_profile_picture(self._address(address), params)
        return (PictureTold(found.ID, found.Type, found.URL),) if found.ID else ()

    def _set_picture(self, jpeg: bytes) -> str:
        if not jpeg:  # neonize cannot say that there is none: whatsmeow would be given an empty one
            raise Refused("there is no picture")
        return str(self._client.set_profile_photo(jpeg))

    def _set_privacy(self, name: str, audience: str) -> None:
        """Past neonize's own call, which takes the new settings for an error, and has a word that is misspelt."""
        answer = binder.gocode.SetPrivacySetting(self._client.uuid, name.encode(), audience.encode())
        told = pb.SetPrivacySettingReturnFunction.FromString(answer)
        if told.Error:
            raise Refused(told.Error)

    def _person(self, jid: Any, query: str = "", about: str = "", picture: str = "") -> PersonTold:
        """Somebody under both addresses, as far as whatsmeow knows them."""
        lid = phone = ""
        if jid.Server == _PHONE:
            phone, lid = bare(jid), bare(self._client.get_lid_from_pn(jid))
        elif jid.Server == _LID:
            lid, phone = bare(jid), bare(self._client.get_pn_from_lid(jid))
        return PersonTold(lid, phone, query, about, picture)


def _settings(told: Any) -> tuple[SettingTold, ...]:
    """What is told of each setting. Raises Refused when nothing is: whatsmeow keeps the reason to itself."""
    words = {
        name: str(pb.PrivacySettings.PrivacySetting.Name(getattr(told, field))) for name, field in _SETTINGS.items()
    }
    found = tuple(SettingTold(name, word.lower()) for name, word in words.items() if word != "UNDEFINED")
    if not found:
        raise Refused("whatsmeow could not fetch the settings")
    return found


def words_of(error: Exception) -> str:
    """whatsmeow's words in an error of neonize's, which holds them as they are, as bytes, or with the answer around."""
    held = error.args[0] if error.args else ""
    words = getattr(held, "Error", held)
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)


# ---- events


def picture(value: bytes) -> Event:
    """Somebody, or a group, shows another picture."""
    told = pb.Picture.FromString(value)
    subject = bare(told.JID)
    return PictureNews(subject, bare(told.Author), int(told.Timestamp), bool(told.Remove)) if subject else Nothing()


def blocklist(value: bytes) -> Event:
    """Somebody was blocked on another device of ours."""
    told = pb.BlocklistEvent.FromString(value)
    block = pb.BlocklistChange.BLOCK
    changes = (Blocked(bare(one.JID), one.BlockAction == block) for one in told.Changes if one.JID.User)
    return BlocklistNews(tuple(changes))


def offer(value: bytes, *, offline: bool) -> Event:
    """Somebody calls."""
    told = pb.CallOffer.FromString(value)
    return _call("offer", told, offline=offline, is_video=any(node.Tag == "video" for node in told.data.Nodes))


def offer_notice(value: bytes, *, offline: bool) -> Event:
    """Somebody calls a group, or called while we were away."""
    told = pb.CallOfferNotice.FromString(value)
    return _call("offer", told, offline=offline, is_video=told.media == "video")


def accept(value: bytes, *, offline: bool) -> Event:
    """A call was answered."""
    return _call("accept", pb.CallAccept.FromString(value), offline=offline)


def terminate(value: bytes, *, offline: bool) -> Event:
    """A call is over."""
    told = pb.CallTerminate.FromString(value)
    return _call("terminate", told, offline=offline, reason=str(told.reason))


def _call(step: str, told: Any, *, offline: bool, is_video: bool = False, reason: str = "") -> Event:
    meta = told.basicCallMeta
    if not meta.callID or not meta.callCreator.User:
        raise ValueError("nobody called")
    group = next((_value(attr) for attr in told.data.Attrs if attr.name == "group-jid"), "")
    return CallNews(
        step,
        str(meta.callID),
        bare(meta.callCreator),
        bare(meta.callCreatorAlt),
        group,
        int(meta.timestamp),
        is_video,
        offline,
        reason,
    )


def _value(attr: Any) -> str:
    return bare(attr.jid) if attr.HasField("jid") else str(attr.text)


def presence(value: bytes) -> PresenceTold | None:
    """Somebody came or went. Raises DecodeError."""
    told = pb.Presence.FromString(value)
    whereabouts = "offline" if told.Unavailable else "online"
    last_seen = max(int(told.LastSeen), 0) if told.Unavailable else 0
    return PresenceTold(bare(told.From), "", whereabouts, last_seen=last_seen) if told.From.User else None


def typing(value: bytes) -> PresenceTold | None:
    """Somebody does something in a chat. Raises DecodeError."""
    told = pb.ChatPresence.FromString(value)
    source = told.MessageSource
    if source.IsFromMe or not source.Sender.User:
        return None
    doing = "recording" if told.Media == pb.ChatPresence.AUDIO else "composing"
    whereabouts = "paused" if told.State == pb.ChatPresence.PAUSED else doing
    return PresenceTold(bare(source.Sender), bare(source.SenderAlt), whereabouts, bare(source.Chat))
