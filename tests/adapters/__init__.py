"""Plugs, where an examination that all of a kind sit is not enough."""
