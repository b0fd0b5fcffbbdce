"""Doors: how the outside asks. Translate, call a room, translate back; nothing is decided here."""
