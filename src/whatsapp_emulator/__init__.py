"""A pretend WhatsApp network on loopback that real, unmodified clients connect to.

`world` is the network as pure state, `web` its doors, `control` and `client` the hand that holds the virtual phones.
It proves the shape of what a client says, never the policy of the live service.
"""
