"""The network as pure state: no socket, no loop, no clock. Who drives it carries the stanzas and tells the time."""
