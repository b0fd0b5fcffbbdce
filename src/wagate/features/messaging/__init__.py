"""Messaging: accept, send, receive, receipts, and who is who. Not: whether a line is up (that is sessions)."""
