"""Devices of programs that are no engine here."""
