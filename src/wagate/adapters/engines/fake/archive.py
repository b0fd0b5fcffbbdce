"""What was sent, for recipients who ask for it again: kept for good, or for as long as the process lives."""

from __future__ import annotations

from typing import Protocol

from typing_extensions import override

from wagate.ports.vault import Unit, Vault

KEPT = "kept"
_RECENT = 256


class Archive(Protocol):
    """Stanzas that the service took, by their id there. ``kinds`` are the vault's records that grow old."""

    kinds: tuple[str, ...]

    def keep(self, unit: Unit, wa_id: str, stanza: bytes) -> None:
        """Keep one; ``unit`` is the one that settles it."""
        ...

    async def find(self, vault: Vault, wa_id: str) -> bytes | None:
        """One that was kept, or None."""
        ...


class StoredStanzas(Archive):
    """In the vault: a recipient who asks next week is answered."""

    kinds = (KEPT,)

    @override
    def keep(self, unit: Unit, wa_id: str, stanza: bytes) -> None:
        unit.put(KEPT, wa_id, stanza)

    @override
    async def find(self, vault: Vault, wa_id: str) -> bytes | None:
        await vault.load([(KEPT, wa_id)])
        return vault.get(KEPT, wa_id)


class RecentStanzas(Archive):
    """In memory, the newest ones: after a restart nobody is answered."""

    kinds = ()

    def __init__(self) -> None:
        """Empty, as after every start."""
        self._recent: dict[str, bytes] = {}

    @override
    def keep(self, unit: Unit, wa_id: str, stanza: bytes) -> None:
        self._recent[wa_id] = stanza
        if len(self._recent) > _RECENT:
            del self._recent[next(iter(self._recent))]

    @override
    async def find(self, vault: Vault, wa_id: str) -> bytes | None:
        return self._recent.get(wa_id)
