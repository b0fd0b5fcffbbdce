"""The queries with short answers, and the table of all of them: namespace and first child to whoever answers."""

from whatsapp_emulator.world import (
    app_state,
    devices,
    group_queries,
    login,
    media,
    mex,
    people,
    pictures,
    prekeys,
    usync,
)
from whatsapp_emulator.world.accounts import Device
from whatsapp_emulator.world.replies import NOT_FOUND, Answer, IqRefused, Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node


def find(namespace: str, tag: str) -> Answer | None:
    """Who answers a query; None when nobody knows it, which strict mode reports."""
    return _ANSWERS.get((namespace, tag)) or _ANSWERS.get((namespace, "*"))


def _nothing(state: State, device: Device, iq: Node) -> Reply:
    return Reply()


def _ping(state: State, device: Device, iq: Node) -> Reply:
    return Reply(attrs={"t": state.stamp})


def _privacy_tokens(state: State, device: Device, iq: Node) -> Reply:
    return Reply([Node("tokens")])


def _experiments(state: State, device: Device, iq: Node) -> Reply:
    return Reply([Node("props", {"hash": "emu", "refresh": 86_400, "protocol": 1})])


def _remove_device(state: State, device: Device, iq: Node) -> Reply:
    jid = iq.children[0].jid("jid")
    target = state.directory.device(jid)
    if target is None:
        raise NOT_FOUND
    if target.account is not device.account:
        raise IqRefused(403, "forbidden")
    return Reply(then=lambda: devices.unlink(state, target))


def _status_privacy(state: State, device: Device, iq: Node) -> Reply:
    return Reply([Node("privacy", None, [Node("list", {"type": "contacts", "default": True})])])


def _contact_code(state: State, device: Device, iq: Node) -> Reply:
    return Reply([Node("qr", {"code": f"EMULATOR{device.account.phone}", "type": "contact"})])


def _business_profile(state: State, device: Device, iq: Node) -> Reply:
    asked: list[Jid] = [profile.jid("jid") for profile in iq.require("business_profile").all("profile")]
    return Reply([Node("business_profile", None, [Node("profile", {"jid": jid}) for jid in asked])])


def _disappearing_mode(state: State, device: Device, iq: Node) -> Reply:
    return Reply([Node("disappearing_mode", {"duration": 0, "t": 0})] if iq.get("type") == "get" else [])


_ANSWERS: dict[tuple[str, str], Answer] = {
    ("encrypt", "*"): prekeys.answer,
    ("usync", "usync"): usync.answer,
    ("passive", "*"): login.answer_active,
    ("w:sync:app:state", "sync"): app_state.answer,
    ("w:p", "*"): _ping,
    ("w:mex", "query"): mex.answer,
    ("w:m", "media_conn"): media.answer_connection,
    ("privacy", "privacy"): people.answer_privacy,
    ("privacy", "tokens"): _privacy_tokens,
    ("blocklist", "*"): people.answer_blocklist,
    ("abt", "props"): _experiments,
    ("w", "props"): _experiments,
    ("md", "remove-companion-device"): _remove_device,
    ("status", "status"): people.answer_about,
    ("status", "privacy"): _status_privacy,
    ("w:g2", "*"): group_queries.answer,
    ("w:qr", "qr"): _contact_code,
    ("w:biz", "business_profile"): _business_profile,
    ("w:biz", "verified_name"): _nothing,
    ("w:profile:picture", "*"): pictures.answer,
    ("disappearing_mode", "*"): _disappearing_mode,
    ("urn:xmpp:whatsapp:dirty", "clean"): _nothing,
    ("urn:xmpp:whatsapp:push", "config"): _nothing,
    ("urn:xmpp:whatsapp:push", "settings"): _nothing,
    ("urn:xmpp:whatsapp:account", "*"): _nothing,
    ("w:stats", "add"): _nothing,
    ("tos", "*"): _nothing,
    ("bot", "bot"): _nothing,
    ("fb:thrift_iq", "*"): _nothing,
}
