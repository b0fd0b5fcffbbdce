"""How engines are compared: one source of words for the page, the command, the API and whoever shows them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from wagate.ports import abilities
from wagate.ports.device import CarriesDevices
from wagate.ports.engine import Engine, EngineCosts, EngineFeatures

PROMISES: Mapping[str, str] = {
    "chooses_message_id": "We choose the message id, so a message that is sent again is recognised as the same one",
    "acks_after_persist": "What arrives is acknowledged to WhatsApp only once it is committed here",
    "answers_retries_from_store": "A recipient that asks for a message again gets it, also after a restart",
    "queries_history": "Older messages can be fetched from the phone",
    "pairs_with_passkey": "A phone that insists on a passkey can be linked",
    "sends_to_groups": "Messages can go to groups",
    "rekeys_groups": "Who has left a group could not read what goes there from then on, even if they got hold of it",
    "posts_status": "Status posts can be made, for everybody or for some",
    "tells_abouts": "What others write of themselves is told when they change it",
    "removes_pictures": "Our own picture, and those of groups, can be taken away",
}
"""The fields of a data sheet that are claimed or not, each in a sentence."""

WITHOUT: Mapping[str, str] = {
    "chooses_message_id": "a message has `wa_id: null` until WhatsApp has it, and one that may have gone out when the "
    "line broke becomes `unknown` and is never sent again by itself",
    "acks_after_persist": "a message that arrives in the moment of a crash can be lost; `session.gap_suspected` says "
    "in which interval",
    "answers_retries_from_store": "a recipient that could not read a message and asks after a restart goes on waiting "
    "for it",
}
"""What it means for a user when an engine does not make a promise."""

COSTS: Mapping[str, str] = {"memory": "Memory", "processes": "Processes", "installation": "To install"}
"""The fields of ``EngineCosts``."""


@dataclass(frozen=True, slots=True)
class Ability:
    """What some connections can do besides sending: its name in the API, and a sentence."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine as it is compared with others. ``can`` are the names of its abilities."""

    name: str
    client_version: str | None
    summary: str
    features: EngineFeatures
    can: frozenset[str]
    costs: EngineCosts
    unproven: str
    limits: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: Engine) -> Entry:
        """What an engine says of itself."""
        words = engine.words
        return cls(
            engine.name,
            engine.client_version,
            words.summary,
            engine.features,
            frozenset(
                ability_of(kind).name
                for kind in _kinds()
                if (isinstance(engine, kind) if kind is CarriesDevices else issubclass(engine.connection, kind))
            ),
            words.costs,
            words.unproven,
            words.limits,
        )

    def keeps(self, promise: str) -> bool:
        """Whether one of `PROMISES` is made."""
        return bool(getattr(self.features, promise))


def every_ability() -> list[Ability]:
    """All that an engine or its connections may be able to do, by name."""
    return [ability_of(kind) for kind in _kinds()]


def ability_of(kind: type) -> Ability:
    """A protocol of ``ports.abilities`` as an ability: ``MarksRead`` is ``marks_read``."""
    meaning = (inspect.getdoc(kind) or "").splitlines()[0].rstrip(".")
    return Ability(re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(), meaning)


def _kinds() -> list[type]:
    of_connections = [
        found
        for _, found in inspect.getmembers(abilities, inspect.isclass)
        if found.__module__ == abilities.__name__ and getattr(found, "_is_protocol", False)
    ]
    return [*of_connections, CarriesDevices]
