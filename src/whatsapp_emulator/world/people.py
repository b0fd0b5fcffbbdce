"""What people show of themselves, whom they block, and who may see what; and what others hear when it changes.

Facts: whatsmeow `user.go`, `privacysettings.go`, `notification.go`; Baileys `Socket/chats.ts`, `WAUSync`.
"""

from __future__ import annotations

from typing import Final

from whatsapp_emulator.world.accounts import PRIVACY, Account, Device
from whatsapp_emulator.world.replies import IqRefused, Reply
from whatsapp_emulator.world.state import State
from whatsapp_wire.errors import StanzaRefused
from whatsapp_wire.jid import Jid
from whatsapp_wire.node import Node

MAX_ABOUT: Final = 139
_PEOPLE: Final = frozenset({"all", "contacts", "none"})
_VALUES: Final = {
    "last": _PEOPLE,
    "online": frozenset({"all", "match_last_seen"}),
    "profile": _PEOPLE,
    "status": _PEOPLE,
    "readreceipts": frozenset({"all", "none"}),
    "groupadd": frozenset({"all", "contacts"}),
    "calladd": frozenset({"all", "known"}),
}
_BAD_REQUEST: Final = IqRefused(400, "bad-request")


def shows(account: Account, category: str, asking: Account) -> bool:
    """Whether a person lets another see something; whoever is blocked sees nothing."""
    if account is asking:
        return True
    if asking.lid in account.blocked:
        return False
    value = account.privacy[category]
    if category == "online" and value == "match_last_seen":
        value = account.privacy["last"]
    return value == "all" or (value == "contacts" and asking.phone in account.contacts)


def about_node(state: State, account: Account, asking: Account) -> Node:
    """A person's about as a look-up shows it."""
    if not shows(account, "status", asking):
        return Node("status", {"code": "401", "type": "fail"})
    return Node("status", {"t": account.about_at or state.stamp}, account.about.encode())


# ---- what companions ask


def answer_about(state: State, device: Device, iq: Node) -> Reply:
    """Show another about. Raises IqRefused."""
    text = iq.require("status")
    set_about(state, device.account, text.text() if text.content else "", device)
    return Reply()


def answer_privacy(state: State, device: Device, iq: Node) -> Reply:
    """Tell the privacy settings, or change some. Raises IqRefused, StanzaRefused."""
    changed = iq.require("privacy").all("category")
    if iq.get("type") == "set":
        if not changed:
            raise StanzaRefused("<privacy> changes nothing")
        for category in changed:
            set_privacy(state, device.account, category.attr("name"), category.attr("value"), device)
    return Reply([privacy_node(device.account)])


def answer_blocklist(state: State, device: Device, iq: Node) -> Reply:
    """Tell who is blocked, or change it. Raises IqRefused, StanzaRefused."""
    for item in iq.all("item"):
        action = item.attr("action")
        if action not in ("block", "unblock"):
            raise StanzaRefused("one can block and unblock")
        set_blocked(state, device.account, item.jid("jid"), blocked=action == "block", by=device)
    blocked = device.account.blocked
    items = [Node("item", {"jid": jid}) for jid in sorted(blocked)]
    return Reply([Node("list", {"dhash": _hash(device.account), "addressing_mode": "lid"}, items or None)])


# ---- what happens


def set_about(state: State, account: Account, text: str, by: Device | None = None) -> None:
    """A person shows another about. Raises IqRefused (406) for one that is too long."""
    if len(text) > MAX_ABOUT:
        raise IqRefused(406, "not-acceptable")
    account.about, account.about_at = text, state.stamp
    for observer in acquaintances(state, account):
        if shows(account, "status", observer.account):
            state.notify(observer, "status", account, [Node("set", None, text.encode())])
    tell_own(state, account, Node("status"), by)


def set_privacy(state: State, account: Account, category: str, value: str, by: Device | None = None) -> None:
    """A person decides who may see something. Raises IqRefused for words that there are not."""
    if category not in PRIVACY or value not in _VALUES.get(category, frozenset()):
        raise _BAD_REQUEST
    account.privacy[category] = value
    tell_own(state, account, privacy_node(account), by)


def set_blocked(state: State, account: Account, jid: Jid, *, blocked: bool, by: Device | None = None) -> None:
    """A person blocks another, or not any more. Raises IqRefused for nobody."""
    other = state.directory.find(jid)
    if other is None or other is account:
        raise _BAD_REQUEST
    before = _hash(account)
    (account.blocked.add if blocked else account.blocked.discard)(other.lid)
    item = Node("item", {"jid": other.lid, "action": "block" if blocked else "unblock"})
    changed = Node("blocklist", {"action": "modify", "dhash": _hash(account), "prev_dhash": before}, [item])
    tell_own(state, account, changed, by)


def privacy_node(account: Account) -> Node:
    """All privacy settings."""
    return Node("privacy", None, [Node("category", {"name": name, "value": v}) for name, v in account.privacy.items()])


def tell_own(state: State, account: Account, part: Node, by: Device | None = None) -> None:
    """Tell the companions of an account that something of it is different, but for the one that changed it."""
    for device in account.devices.values():
        if device is not by:
            state.notify(device, "account_sync", account, [part])


def acquaintances(state: State, account: Account) -> list[Device]:
    """The devices that hear of a person: of whoever looked their devices up, as one does who writes to them."""
    linked = [each for each in account.observers if each.account.devices.get(each.id) is each]
    return sorted((each for each in linked if each.account is not account), key=lambda each: each.label)


def _hash(account: Account) -> str:
    return f"{len(account.blocked)}-{sum(map(len, account.blocked))}"
