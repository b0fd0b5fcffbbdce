"""The engines that sessions of this gateway may use."""

from __future__ import annotations

from collections.abc import Mapping

from wagate.ports.comparison import COSTS, PROMISES, Entry, every_ability
from wagate.ports.engine import Engine


class Catalogue:
    """What is installed here. The same for every tenant, so nobody needs to be asked for."""

    def __init__(self, engines: Mapping[str, Engine], default: str) -> None:
        """``default`` is the engine of sessions that name none."""
        self.entries = tuple(Entry.of(engine) for engine in engines.values())
        self.default = default

    def shape(self) -> list[dict[str, object]]:
        """The engines as JSON, the default one first."""
        ranked = sorted(self.entries, key=lambda entry: (entry.name != self.default, entry.name))
        return [entry_shape(entry, is_default=entry.name == self.default) for entry in ranked]


def entry_shape(entry: Entry, *, is_default: bool) -> dict[str, object]:
    """One engine as JSON: every promise and every ability, with whether it has it."""
    return {
        "name": entry.name,
        "is_default": is_default,
        "client_version": entry.client_version,
        "summary": entry.summary,
        "promises": [
            {"name": name, "is_made": entry.keeps(name), "meaning": meaning} for name, meaning in PROMISES.items()
        ],
        "abilities": [
            {"name": ability.name, "is_there": ability.name in entry.can, "meaning": ability.meaning}
            for ability in every_ability()
        ],
        "contents": sorted(entry.features.contents),
        "max_text_bytes": entry.features.max_text_bytes,
        "edit_window_s": entry.features.edit_window_s,
        "max_poll_options": entry.features.max_poll_options,
        "max_caption_chars": entry.features.max_caption_chars,
        "max_footer_chars": entry.features.max_footer_chars,
        "costs": {name: getattr(entry.costs, name) for name in COSTS},
        "unproven": entry.unproven,
    }
