"""The process that holds one session's line: neonize on threads of its own, a spool, and the link to the gateway."""
