"""What a request to send says: content, or a template that is filled while the message is accepted."""

from __future__ import annotations

from dataclasses import replace

from wagate.domain.content import Content, LinkPreview, Text
from wagate.domain.templates import TemplateUse
from wagate.features.messaging.stored import write_content
from wagate.features.templates import rendered
from wagate.store.scoped import Scoped
from wagate.store.script import Script


def said_by(scope: Scoped, asked: Content | TemplateUse, preview: LinkPreview | None) -> Script[Content]:
    """The content that a message gets, with what was found behind its link.

    Raises TemplateNotFound, VariablesMissing, VariablesUnknown, InvalidContent.
    """
    if isinstance(asked, TemplateUse):
        return (yield from rendered(scope, asked))
    return replace(asked, preview=preview) if preview is not None and isinstance(asked, Text) else asked


def told(asked: Content | TemplateUse) -> object:
    """What tells requests apart. A template counts by what was asked of it: what it renders may change meanwhile."""
    if isinstance(asked, TemplateUse):
        words = sorted(asked.variables.items())
        return ("template", asked.name, asked.language, words, asked.mentions, asked.mentions_all)
    return write_content(asked)
