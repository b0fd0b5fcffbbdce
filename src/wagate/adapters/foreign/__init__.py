"""Linked devices of programs that are no engine here."""
