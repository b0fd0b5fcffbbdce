"""The verbs of the sessions room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wagate.domain.page import DEFAULT_LIMIT, Order, Page
from wagate.domain.session import Session, SessionState
from wagate.features.access import Principal
from wagate.ports.abilities import PairingCode


@dataclass(frozen=True, slots=True)
class QrCode:
    """What the phone scans. ``expires_at`` is in ms since 1970; ``remaining`` more codes follow by themselves."""

    text: str
    expires_at: int
    remaining: int


class Sessions:
    """Sessions of all tenants; every verb is narrowed to the principal's. ``ref`` is a session's id or its name.

    Every verb that names a session raises SessionNotFound. All of them may raise StorageUnavailable.
    """

    async def create(
        self,
        principal: Principal,
        *,
        name: str | None = None,
        engine: str | None = None,
        settings: Mapping[str, str | None] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Session:
        """Make a stopped, unpaired session. Without a name it is given one; without an engine, the default one.

        Raises InvalidRequest (name, metadata), SessionNameTaken, UnknownEngine, InvalidProxy.
        """

    async def list(
        self,
        principal: Principal,
        *,
        state: SessionState | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
        order: Order = Order.ASC,
    ) -> Page[Session]:
        """The tenant's sessions by age. Raises InvalidCursor."""

    async def get(self, principal: Principal, ref: str) -> Session:
        """One session."""

    async def update(
        self,
        principal: Principal,
        ref: str,
        *,
        name: str | None = None,
        settings: Mapping[str, str | None] | None = None,
        metadata: Mapping[str, str | None] | None = None,
    ) -> Session:
        """Change what is given; a None inside ``settings`` or ``metadata`` removes that entry.

        A new proxy is used from the next start on. Raises InvalidRequest, SessionNameTaken, InvalidProxy.
        """

    async def start(self, principal: Principal, ref: str) -> Session:
        """Begin to connect, or to pair when no phone is linked; returns at once. A running session stays as it is."""

    async def stop(self, principal: Principal, ref: str) -> Session:
        """Hang up cleanly and stay stopped, also after a restart. Messages wait until it is started again."""

    async def restart(self, principal: Principal, ref: str) -> Session:
        """``stop``, then ``start``."""

    async def logout(self, principal: Principal, ref: str) -> Session:
        """Unlink the device from the phone and forget its keys; to use it again, start and pair.

        A session that is not connected is logged out on our side only: the phone shows the device until its owner
        removes it. Raises SessionNotPaired.
        """

    async def delete(self, principal: Principal, ref: str) -> None:
        """Remove the session with its keys, queue, messages, chats and contacts, in any state.

        A connected device is unlinked first, if that works quickly. Journalled events stay until they age out.
        """

    async def qr(self, principal: Principal, ref: str) -> QrCode:
        """The code to scan right now. Raises QrNotReady, whose detail says why and what to do."""

    async def renew_qr(self, principal: Principal, ref: str) -> Session:
        """Begin a new series of codes, starting the session if need be. Raises SessionAlreadyPaired."""

    async def pairing_code(self, principal: Principal, ref: str, phone: str) -> PairingCode:
        """Ask for a code to type into the phone with this number. The session must be running (awaiting_scan).

        Raises InvalidRecipient, SessionAlreadyPaired, SessionNotRunning, UnsupportedByEngine.
        """
