"""The language between the gateway and a worker: typed messages in frames on a Unix socket. Standard library only."""
