"""The pretend network, tested from outside by a minimal client of its own."""
