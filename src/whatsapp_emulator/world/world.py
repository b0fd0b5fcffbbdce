"""The world: one pretend WhatsApp. Stanzas go in, effects come out; in between there is nothing but state."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from random import Random, SystemRandom
from typing import Final

from whatsapp_emulator.faults import Faults
from whatsapp_emulator.world import calls, link_codes, login, pairing, passkeys, presence, queries, receipts, relay
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.audit import Audit
from whatsapp_emulator.world.calls import Call
from whatsapp_emulator.world.groups import Group
from whatsapp_emulator.world.links import Effect, Link
from whatsapp_emulator.world.media import MediaHosts
from whatsapp_emulator.world.operator import Operator
from whatsapp_emulator.world.phone import Phone
from whatsapp_emulator.world.replies import IqRefused, Reply, refusal, result
from whatsapp_emulator.world.state import State
from whatsapp_emulator.world.tickets import Ticket
from whatsapp_wire.errors import PairingRefused, WireError
from whatsapp_wire.node import Node

_KNOWN_INFO: Final = frozenset({"unified_session", "offline_batch"})
_BEFORE_LOGIN: Final = frozenset({"iq", "ib", "presence", "ack"})
"""What clients say before they are linked: Baileys announces a name and pings; the typed code is acknowledged."""


class NoSuchAccount(LookupError):
    """Nobody has this number."""


class World:
    """A pretend WhatsApp network without sockets or a clock.

    Whoever drives it calls `connect`, `receive` and `close` for clients, uses `phone` for people, and carries out what
    `collect` returns. Times are seconds since 1970; with a seeded `entropy` everything but the cryptography repeats.
    """

    def __init__(self, entropy: Random | None = None) -> None:
        self._state = State(entropy or SystemRandom())
        self._stanzas: dict[str, Callable[[Link, Node], None]] = {
            "iq": self._hear_iq,
            "message": lambda link, node: relay.hear(self._state, link, node),
            "receipt": lambda link, node: receipts.hear(self._state, link, node),
            "presence": lambda link, node: presence.hear(self._state, link, node),
            "chatstate": lambda link, node: presence.hear_typing(self._state, link, node),
            "ack": self._hear_ack,
            "call": lambda link, node: calls.hear(self._state, link, node),
            "ib": self._hear_info,
        }

    @property
    def faults(self) -> Faults:
        """The knobs."""
        return self._state.faults

    @property
    def audit(self) -> Audit:
        """Violations and counters."""
        return self._state.audit

    @property
    def accounts(self) -> Iterable[Account]:
        """Everybody."""
        return self._state.directory

    @property
    def groups(self) -> Iterable[Group]:
        """Every group."""
        return self._state.groups

    @property
    def calls(self) -> Mapping[str, Call]:
        """Every call by its id."""
        return self._state.calls

    def tick(self, now: float) -> None:
        """Say what time it is; `connect`, `receive` and `close` do so themselves."""
        self._state.now = now

    def collect(self) -> list[Effect]:
        """Take what has to be carried out since the last time, in order."""
        return self._state.collect()

    # -- clients

    def connect(self, noise_key: bytes, payload: bytes, now: float) -> Link:
        """A client finished its handshake with this static key and client payload."""
        self.tick(now)
        return login.connect(self._state, noise_key, payload)

    def receive(self, link: Link, node: Node, now: float) -> None:
        """A stanza arrived. Never raises: what goes wrong is answered as a server would, and recorded."""
        self.tick(now)
        if not link.open or link.ended or self.faults.deaf:
            self.audit.counts["unheard"] += 1
            return
        try:
            self._hear(link, node)
        except (WireError, IqRefused) as error:
            self._state.violate("malformed", link, f"{error} in {node!r}")
            self._refuse_iq(link, node, IqRefused(400, "bad-request"))
        except Exception:  # a fault of the emulator must reach the test's report, not end the client's connection
            self._state.violate("exception", link, f"{traceback.format_exc()}in {node!r}")
            self._refuse_iq(link, node, IqRefused(500, "internal-server-error"))
        self._state.release(link)

    def close(self, link: Link, now: float) -> None:
        """The connection is gone."""
        self.tick(now)
        login.disconnect(self._state, link)

    # -- people

    def account(self, phone: str, name: str = "") -> Account:
        """The account of a number, created when there is none; a name replaces the one it had.

        Raises ValueError for anything but digits without a leading zero.
        """
        return self._state.directory.register(phone, name, self._state.entropy)

    def phone(self, number: str) -> Phone:
        """The phone with that number. Raises NoSuchAccount."""
        return Phone(self._state, self._known(number))

    def operator(self, number: str) -> Operator:
        """What WhatsApp itself can do to the account with that number. Raises NoSuchAccount."""
        return Operator(self._state, self._known(number))

    @property
    def media(self) -> MediaHosts:
        """The hosts for files."""
        return MediaHosts(self._state)

    def scan(self, phone: str, qr: str) -> Ticket:
        """A phone, created when there is none, scans a QR code. Raises PairingRefused."""
        return pairing.scan(self._state, self.account(phone), qr, passkeys.vouch)

    def enter_code(self, phone: str, code: str) -> Ticket:
        """A person types a pairing code into a phone; takes about 120 ms. Raises PairingRefused."""
        return link_codes.enter(self._state, self.account(phone), code)

    def insist_on_passkey(self, phone: str, *, required: bool, stalls: int = 0, hides_options: bool = False) -> None:
        """Let an account link no device without its passkey, or with no more than a code. Raises NoSuchAccount."""
        passkeys.insist(self._state, self._known(phone), required=required, stalls=stalls, hides_options=hides_options)

    def pairing_of(self, phone: str) -> Ticket | None:
        """The pairing that a phone is in, if it is in one. Raises NoSuchAccount."""
        return self._known(phone).pairing

    def compare_passkey_code(self, phone: str, code: str) -> bool:
        """A person compares the phone's code with the companion's. Raises NoSuchAccount, PairingRefused."""
        return passkeys.compare(self._state, self.pairing_of(phone), code)

    # -- hearing

    def _known(self, phone: str) -> Account:
        account = self._state.directory.of_phone(phone)
        if account is None:
            raise NoSuchAccount(phone)
        return account

    def _hear(self, link: Link, node: Node) -> None:
        hear = self._stanzas.get(node.tag)
        if hear is None or (link.device is None and node.tag not in _BEFORE_LOGIN):
            self._state.violate("unhandled_stanza", link, repr(node))
        else:
            hear(link, node)

    def _hear_iq(self, link: Link, iq: Node) -> None:
        if iq.get("type") in ("result", "error"):
            pairing.hear_answer(self._state, link, iq)
            return
        self.audit.counts["iqs"] += 1
        self.audit.counts[f"iqs {iq.get('xmlns')}"] += 1
        try:
            reply = self._answer(link, iq)
        except IqRefused as error:
            self._state.send(link, refusal(iq, error))
        except PairingRefused as error:
            self._state.send(link, refusal(iq, IqRefused(error.code, error.text)))
        else:
            self._state.send(link, result(iq, reply))
            if reply.then is not None:
                reply.then()

    def _answer(self, link: Link, iq: Node) -> Reply:
        namespace, tag = iq.get("xmlns") or "", iq.children[0].tag if iq.children else ""
        if link.device is None:
            if tag == "link_code_companion_reg":
                return link_codes.answer_registration(self._state, link, iq.children[0])
            if namespace == "w:p":
                return Reply()
            reply = passkeys.answer(self._state, link, iq) if namespace == "md" and tag else None
            if reply is not None:
                return reply
        else:
            answer = queries.find(namespace, tag)
            if answer is not None:
                return answer(self._state, link.device, iq)
        self._state.violate("unknown_iq", link, repr(iq))
        return Reply()

    def _hear_ack(self, link: Link, node: Node) -> None:
        if link.device is not None and not link.device.queue.acknowledge(node.attr("class"), node):
            self.audit.counts["acks for nothing queued"] += 1

    def _hear_info(self, link: Link, node: Node) -> None:
        if not {child.tag for child in node.children} <= _KNOWN_INFO:
            self._state.violate("unhandled_stanza", link, repr(node))

    def _refuse_iq(self, link: Link, node: Node, error: IqRefused) -> None:
        if node.tag == "iq" and node.get("type") in ("get", "set"):
            self._state.send(link, refusal(node, error))
