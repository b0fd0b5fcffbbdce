"""Sockets: what we need from outside. Protocols and the values that pass through them, no behaviour."""
