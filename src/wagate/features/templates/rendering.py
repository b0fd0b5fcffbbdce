"""From a template's name to what a message says."""

from __future__ import annotations

from wagate.domain.errors import InvalidRequest
from wagate.domain.templates import TemplateContent, TemplateNotFound, TemplateUse, filled, mentioning
from wagate.features.templates import repository
from wagate.store.scoped import Scoped
from wagate.store.script import Script


def rendered(scope: Scoped, use: TemplateUse) -> Script[TemplateContent]:
    """The content that a template makes of some words, as the template is now.

    Raises TemplateNotFound, VariablesMissing, VariablesUnknown, InvalidContent.
    """
    template = yield from repository.find_template(scope, use.name, use.language)
    if template is None:
        language = f" in {use.language!r}" if use.language else " without a language"
        raise TemplateNotFound(f"There is no template {use.name!r}{language}", pointer="/template/name")
    try:
        content = filled(template.content, use.variables)
    except InvalidRequest as error:
        raise type(error)(error.detail, pointer=error.pointer and f"/template{error.pointer}") from None
    return mentioning(content, use)
