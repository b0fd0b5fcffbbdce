"""The doors of the world: TLS and plain WebSocket, a CONNECT proxy, and the switchboard that joins them to it."""
