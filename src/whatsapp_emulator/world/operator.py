"""The other hand: what WhatsApp itself can do to an account, from a stream error to a ban."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

from whatsapp_emulator.world import devices
from whatsapp_emulator.world.accounts import Account
from whatsapp_emulator.world.login import LOCATION
from whatsapp_emulator.world.state import State
from whatsapp_wire.jid import SERVER
from whatsapp_wire.node import Node

KickKind: TypeAlias = Literal["drop", "rst", "401", "replaced", "503", "515"]

KICK_KINDS: Final = frozenset(get_args(KickKind))

_STREAM_ERRORS: Final[dict[str, Node]] = {
    "replaced": Node("stream:error", None, [Node("conflict", {"type": "replaced"})]),
    "503": Node("stream:error", {"code": "503"}),
    "515": Node("stream:error", {"code": "515"}),
}


class Operator:
    """Acts on all devices of one account."""

    def __init__(self, state: State, account: Account) -> None:
        self._state = state
        self.account = account

    def kick(self, kind: KickKind) -> int:
        """End the connections of the account's devices in some way; returns how many there were.

        `401` also removes the devices, `drop` closes without a word, `rst` cuts with whatever was on its way.
        """
        kicked = 0
        for device in list(self.account.devices.values()):
            link = device.link
            if link is None:
                continue
            kicked += 1
            if kind == "401":
                devices.unlink(self._state, device)
            elif kind in _STREAM_ERRORS:
                self._state.break_stream(link, _STREAM_ERRORS[kind])
            else:
                link.ended = True
                self._state.hang_up(link, reset=kind == "rst")
        return kicked

    def refuse(self, reason: str, attrs: Mapping[str, str] | None = None) -> None:
        """Answer each login with `failure`: 401, 402 (a ban, with `code` and `expire`), 403, 405, 503, …

        Connections that are open stay open.
        """
        self.account.refusal = {"reason": reason, "location": LOCATION, **(attrs or {})}

    def allow(self) -> None:
        """Let the account log in again."""
        self.account.refusal = None

    def mark_dirty(self, type: str) -> None:
        """Tell the devices that listen right now that `account_sync`, `groups` or `syncd_app_state` changed."""
        dirty = Node("dirty", {"type": type, "timestamp": self._state.stamp})
        for device in self.account.devices.values():
            self._state.tell(device, Node("ib", {"from": SERVER}, [dirty]))
