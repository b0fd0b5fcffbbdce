"""A pretend WhatsApp network that unmodified clients connect to on loopback."""
