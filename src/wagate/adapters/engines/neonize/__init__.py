"""WhatsApp Web through neonize (whatsmeow), in a supervised process per session.

This package imports nothing: the worker, which has to stay small, and the engine, which must not know neonize,
share it.
"""
