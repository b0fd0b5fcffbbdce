"""Templates: content that a tenant stores once and sends often, each time with other words.

The room above joins in with a transaction script: ``rendered`` finds a template and fills it, in the transaction that
accepts the message. What was accepted is content like any other, and does not know the template any more.
"""

from wagate.features.templates.rendering import rendered
from wagate.features.templates.service import Draft, Templates

__all__ = ["Draft", "Templates", "rendered"]
