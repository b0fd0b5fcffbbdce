"""What a gateway can ask of a worker about groups."""

from __future__ import annotations

GROUP_ERRANDS = frozenset(
    {
        "groups",
        "group",
        "create",
        "add",
        "remove",
        "promote",
        "demote",
        "rename",
        "describe",
        "announce",
        "lock",
        "expire",
        "picture",
        "leave",
        "link",
        "new_link",
        "behind",
        "join",
    }
)
"""What can be asked about groups: ``subject`` is the group, ``ids`` are people.

``text`` is a name, a description, ``on`` or ``off``, a number of seconds, a JPEG (base64), or a link's code, whichever
it takes.
"""
