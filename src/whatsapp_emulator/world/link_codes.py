"""Linking a companion by an eight-character code typed into the phone (whatsmeow `pair-code.go`)."""

from whatsapp_emulator.world import pairing, passkeys
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.links import Attrs, Link
from whatsapp_emulator.world.replies import IqRefused, Reply
from whatsapp_emulator.world.state import State
from whatsapp_emulator.world.tickets import LinkCodeRequest, Ticket
from whatsapp_wire.crypto.keys import KeyPair
from whatsapp_wire.errors import PairingRefused
from whatsapp_wire.jid import SERVER
from whatsapp_wire.node import Node
from whatsapp_wire.pairing import link_code


def answer_registration(state: State, link: Link, request: Node) -> Reply:
    """Answer `link_code_companion_reg`, either stage, from an unpaired connection. Raises IqRefused, StanzaRefused."""
    phone = request.jid("jid").user
    if request.attr("stage") == "companion_hello":
        return _hear_hello(state, link, phone, request)
    return _hear_finish(state, link, phone, request)


def enter(state: State, account: Account, text: str) -> Ticket:
    """A person types a code into the phone of an account; takes 120 ms, the code is stretched twice.

    Raises PairingRefused when it is no code, or no companion waits for one. That it was the wrong code comes out
    later: the ticket ends refused.
    """
    code = link_code.typed(text)
    request = state.link_codes.get(account.phone)
    if request is None or not request.link.open:
        raise PairingRefused(404, "no companion waits for a code for this number")
    key = link_code.stretch(code, link_code.salt_of(request.wrapped_ephemeral))
    request.companion_ephemeral = link_code.unwrap(request.wrapped_ephemeral, key)
    ephemeral = request.ephemeral = KeyPair.generate()
    ticket = request.ticket = request.link.ticket = Ticket(account, request.link)
    salt = link_code.new_salt()
    content = [
        Node(
            "link_code_pairing_wrapped_primary_ephemeral_pub",
            None,
            link_code.wrap(ephemeral.public, link_code.stretch(code, salt), salt),
        ),
        Node("primary_identity_pub", None, account.identity.public),
        Node("link_code_pairing_ref", None, request.ref),
    ]
    stage = Node("link_code_companion_reg", {"stage": "primary_hello"}, content)
    head: Attrs = {"from": SERVER, "type": "link_code_companion_reg", "id": state.next_id(), "t": state.stamp}
    state.send(request.link, Node("notification", head, [stage]))
    return ticket


def _hear_hello(state: State, link: Link, phone: str, request: Node) -> Reply:
    wrapped = request.require("link_code_pairing_wrapped_companion_ephemeral_pub").bytes()
    noise_key = request.require("companion_server_auth_key_pub").bytes()
    link_code.salt_of(wrapped)
    ref = state.entropy.randbytes(16).hex().encode()
    state.link_codes[phone] = LinkCodeRequest(link, ref, wrapped, noise_key)
    return Reply([Node("link_code_companion_reg", None, [Node("link_code_pairing_ref", None, ref)])])


def _hear_finish(state: State, link: Link, phone: str, request: Node) -> Reply:
    waiting = state.link_codes.get(phone)
    if waiting is None or waiting.link is not link or waiting.ticket is None or waiting.ephemeral is None:
        raise IqRefused(404, "item-not-found")
    ticket, ephemeral = waiting.ticket, waiting.ephemeral
    if request.require("link_code_pairing_ref").bytes() != waiting.ref:
        raise IqRefused(400, "bad-request")
    bundle = request.require("link_code_pairing_wrapped_key_bundle").bytes()
    identity = request.require("companion_identity_public").bytes()
    del state.link_codes[phone]
    try:
        keys = link_code.finish_primary(
            ephemeral, waiting.companion_ephemeral, ticket.account.identity, bundle, identity
        )
    except PairingRefused as error:
        reason = error.text
        return Reply(then=lambda: pairing.refuse(state, ticket, reason))
    return Reply(then=lambda: passkeys.vouch(state, ticket, keys.identity_public, keys.adv_secret))
