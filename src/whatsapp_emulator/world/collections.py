"""One collection of an account's app state as the server has it: numbered patches that it cannot read."""

from __future__ import annotations

from dataclasses import dataclass, field

from whatsapp_wire.proto.app_state_pb2 import SyncdMutation, SyncdPatch, SyncdRecord, SyncdSnapshot, SyncdVersion


@dataclass(eq=False, slots=True)
class Collection:
    """Patches, oldest first; the first one's version is 1."""

    patches: list[bytes] = field(default_factory=list)

    @property
    def version(self) -> int:
        """The newest version."""
        return len(self.patches)

    def after(self, version: int) -> list[bytes]:
        """The patches that lead on from a version."""
        return self.patches[version:]

    def append(self, patch: bytes) -> None:
        """Take a patch, and write its version into it."""
        self.patches.append(_numbered(patch, len(self.patches) + 1))

    def snapshot(self) -> SyncdSnapshot:
        """Everything in force, authenticated by the last patch: that has a MAC of just that."""
        records: dict[bytes, SyncdRecord] = {}
        for encoded in self.patches:
            for mutation in SyncdPatch.FromString(encoded).mutations:
                index = mutation.record.index.blob
                if mutation.operation == SyncdMutation.SET:
                    records[index] = mutation.record
                else:
                    records.pop(index, None)
        last = SyncdPatch.FromString(self.patches[-1])
        return SyncdSnapshot(
            version=SyncdVersion(version=self.version),
            records=records.values(),
            mac=last.snapshot_mac,
            key_id=last.key_id,
        )


def _numbered(patch: bytes, version: int) -> bytes:
    """Write the version into a SyncdPatch without parsing it: of two `version` fields (number 1) the last counts."""
    encoded = b"\x08" + _varint(version)
    return patch + b"\x0a" + _varint(len(encoded)) + encoded


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
