"""Media files on the wire: their keys, their encryption as a stream, and what a message says of them. No I/O.

A file lies encrypted on a host of WhatsApp's; the message has its path, its key and its hashes.
"""
