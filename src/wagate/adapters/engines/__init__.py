"""Engines: one folder per way of reaching WhatsApp. They know ports and domain, and nothing of one another."""
