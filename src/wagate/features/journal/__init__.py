"""Journal: the durable, ordered list of what happened, and those who follow it. Not: how an event is shown."""

from wagate.features.journal.relay import Reader, Reading, Relay
from wagate.features.journal.service import EVERY_TYPE, Journal, covers

__all__ = ["EVERY_TYPE", "Journal", "Reader", "Reading", "Relay", "covers"]
