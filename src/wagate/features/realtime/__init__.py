"""Realtime: live events for those who listen. Not: the shape in which a door writes them (SSE, Socket.IO)."""

from wagate.features.realtime.hub import End, Hub, Stream, StreamEnded

__all__ = ["End", "Hub", "Stream", "StreamEnded"]
