"""Usync: what is known of people, by address or phone number: devices, LID, about, … (whatsmeow `user.go`)."""

import re
from collections.abc import Callable

from whatsapp_emulator.world import devices, people, pictures
from whatsapp_emulator.world.accounts import Account, Device
from whatsapp_emulator.world.replies import Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import USER_SERVER, Jid
from whatsapp_wire.node import Node

_Show = Callable[[State, Account, Account], Node | None]
"""What one account shows to another, who asks."""

_SHOWN: dict[str, _Show] = {
    "devices": lambda state, account, asking: devices.device_list(state, account),
    "lid": lambda state, account, asking: Node("lid", {"val": account.lid}),
    "status": people.about_node,
    "disappearing_mode": lambda state, account, asking: Node("disappearing_mode", {"duration": 0, "t": 0}),
    "picture": pictures.picture_node,
    "business": lambda state, account, asking: None,
    "username": lambda state, account, asking: None,
    "bot": lambda state, account, asking: None,
    "sidelist": lambda state, account, asking: None,
}
"""What each protocol of a query shows of an account; `contact` is apart, because it also answers for strangers."""


def answer(state: State, device: Device, iq: Node) -> Reply:
    """Answer a usync query. Raises StanzaRefused when it asks for a protocol that nobody knows."""
    usync = iq.require("usync")
    query = usync.require("query").children
    unknown = {protocol.tag for protocol in query} - _SHOWN.keys() - {"contact"}
    if unknown:
        raise StanzaRefused(f"usync has no protocol {sorted(unknown)}")
    users = [_user(state, device, query, user) for user in usync.require("list").all("user")]
    head = {"sid": usync.get("sid"), "index": 0, "last": True}
    answered = Node(
        "usync",
        {**head, "mode": usync.get("mode"), "context": usync.get("context")},
        [Node("result", None, [Node(protocol.tag) for protocol in query]), Node("list", None, users)],
    )
    return Reply([answered])


def _user(state: State, device: Device, query: list[Node], user: Node) -> Node:
    contact = user.child("contact")
    asked = _asked_for(user, contact)
    account = state.directory.find(asked)
    shown = []
    for protocol in query:
        if protocol.tag == "contact":
            known = {"type": "out" if account is None else "in"}
            shown.append(Node("contact", known, None if contact is None else contact.content))
        elif account is not None:
            node = _SHOWN[protocol.tag](state, account, device.account)
            if protocol.tag == "devices":
                account.observers.add(device)
            if node is not None:
                shown.append(node)
    return Node("user", _address(asked, account, contact, query), shown)


def _asked_for(user: Node, contact: Node | None) -> Jid:
    """A query names people by address, or by a phone number in the body of `contact`."""
    if user.get("jid") is not None:
        return user.jid("jid")
    if contact is None:
        raise StanzaRefused("a user has neither an address nor a phone number")
    return Jid.of(re.sub(r"\D", "", contact.text().partition("@")[0]), USER_SERVER)


def _address(asked: Jid, account: Account | None, contact: Node | None, query: list[Node]) -> dict[str, str]:
    """A query by phone number that wants LIDs gets both addresses."""
    wants_lid = any(protocol.tag == "contact" and protocol.get("addressing_mode") == "lid" for protocol in query)
    if account is not None and contact is not None and wants_lid:
        return {"jid": account.lid, "pn_jid": account.pn}
    return {"jid": asked.bare}
