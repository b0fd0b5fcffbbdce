"""Whatever the server sends, a parser returns a value or raises one of our own errors."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatsapp_wire.errors import WireError
from whatsapp_wire.jid import SERVER, Jid
from whatsapp_wire.node import Content, Node
from whatsapp_wire.stanza import groups, iq, login, media, pairing, people, prekeys, privacy, usync
from whatsapp_wire.stanza.ack import ack, parse_ack
from whatsapp_wire.stanza.call import parse_call
from whatsapp_wire.stanza.message import parse_message
from whatsapp_wire.stanza.notification import parse_notification
from whatsapp_wire.stanza.presence import parse_chat_state, parse_presence
from whatsapp_wire.stanza.receipt import delivery, parse_receipt, retry
from whatsapp_wire.stanza.source import Own

OWN = Own(Jid("491700000009:3@s.whatsapp.net"), Jid("100000000000009:3@lid"))

PARSERS: dict[str, Callable[[Node], object]] = {
    "ack": parse_ack,
    "ack_of": ack,
    "call": parse_call,
    "message": lambda stanza: parse_message(stanza, OWN),
    "delivery": lambda stanza: delivery(stanza, is_from_me=False, is_active=True),
    "retry": lambda stanza: retry(stanza, 1, 1),
    "receipt": lambda stanza: parse_receipt(stanza, OWN),
    "notification": parse_notification,
    "presence": parse_presence,
    "chat_state": lambda stanza: parse_chat_state(stanza, OWN),
    "error": iq.error_of,
    "success": login.parse_success,
    "failure": login.parse_failure,
    "stream_error": login.parse_stream_error,
    "news": login.parse_news,
    "refs": pairing.parse_refs,
    "link_offer": pairing.parse_link_offer,
    "pairing_ref": pairing.parse_pairing_ref,
    "bundles": prekeys.parse_bundles,
    "digest": prekeys.parse_digest,
    "count": prekeys.parse_count,
    "media_hosts": media.parse_connection,
    "media_retry": media.parse_retry_receipt,
    "media_retried": media.parse_retried,
    "settings": privacy.parse_settings,
    "group": groups.parse_group,
    "groups": groups.parse_groups,
    "changed": lambda stanza: groups.parse_changed(stanza, "add"),
    "invite": groups.parse_invite,
    "joined": groups.parse_joined,
    "requests": groups.parse_requests,
    "decided": lambda stanza: groups.parse_decided(stanza, "approve"),
    "picture": groups.parse_picture,
    "people": usync.parse_people,
    "numbers": people.parse_numbers,
    "profiles": people.parse_profiles,
    "about_set": people.check_about_set,
    "a_picture": people.parse_picture,
    "blocklist": people.parse_blocklist,
    "blocking": people.parse_blocklist_changed,
    "about": people.parse_about_changed,
    "number_changed": people.parse_number_changed,
    "devices": lambda stanza: [usync.judge(devices) for devices in usync.parse_devices(stanza)],
}

KNOWN_TAGS = """
count identity add remove update device devices device-list key-index-list tokens token collection set delete list item
user usync lid enc unavailable device-identity retry registration keys key skey id value signature error offline_preview
offline dirty edge_routing routing_info conflict offer composing pair-device pair-success ref link_code_companion_reg
link_code_pairing_ref privacy category digest hash group groups participant description body ephemeral member_add_mode
membership_approval_mode group_join invite membership_approval_request membership_approval_requests approve create
subject membership_requests_action add_request created_membership_requests requested_user revoked_membership_requests
media_conn host rmr encrypt enc_p enc_iv contact status picture blocklist modify
"""
KNOWN_NAMES = """
id from to type t participant recipient sender_pn sender_lid peer_recipient_pn offline count code value jid lid val name
version key-index is_hosted call-id call-creator last reason expire error class edit notify category subject s_t
creation creator size addressing_mode phone_number expiration state request_time
auth ttl auth_ttl hostname from_me old new old_lid new_lid action url pn_jid
"""
KNOWN_TYPES = "encrypt devices account_sync privacy_token server_sync picture mediaretry retry error status contacts"
NUMBERS = ["0", "1", "12", "-1", "1e3", "²", "٣", "9" * 20, "9" * 5000, "true", "x"]
JIDS = [SERVER, OWN.pn, OWN.lid, Jid("1@lid"), Jid("1@g.us"), Jid("1:9@hosted"), Jid("@lid")]

TAGS = st.sampled_from(KNOWN_TAGS.split())
NAMES = st.sampled_from(KNOWN_NAMES.split())
VALUES = st.one_of(st.sampled_from(JIDS), st.sampled_from(KNOWN_TYPES.split()), st.sampled_from(NUMBERS))


def nodes(children: st.SearchStrategy[Content]) -> st.SearchStrategy[Node]:
    return st.builds(Node, TAGS, st.dictionaries(NAMES, VALUES, max_size=6), children)


LEAVES: st.SearchStrategy[Content] = st.one_of(st.none(), st.binary(max_size=70), st.sampled_from(["", "text"]))
CONTENTS: st.SearchStrategy[Content] = st.recursive(
    LEAVES, lambda inner: st.lists(nodes(inner), max_size=4), max_leaves=12
)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS.keys())
@settings(max_examples=60, deadline=None)
@given(stanza=nodes(CONTENTS))
def test_only_our_own_errors(parser: Callable[[Node], object], stanza: Node) -> None:
    with contextlib.suppress(WireError):
        parser(stanza)
