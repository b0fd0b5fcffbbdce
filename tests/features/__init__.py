"""Rooms, tested through their front doors on real databases."""
