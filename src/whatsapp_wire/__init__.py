"""The WhatsApp Web protocol without I/O: bytes in, bytes out."""
