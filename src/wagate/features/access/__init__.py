"""Access: tenants, API keys and their scopes, and who is asking. Not: how a door reads a key out of a request."""

from wagate.features.access.keys import EVERY_SCOPE, ApiKey, IssuedKey, Principal, Scope
from wagate.features.access.service import Access

__all__ = ["EVERY_SCOPE", "Access", "ApiKey", "IssuedKey", "Principal", "Scope"]
