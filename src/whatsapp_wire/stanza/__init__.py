"""The client's stanzas, one module per area: nodes to send from plain values, and plain values from nodes received.

Shapes were compared with whatsmeow's, stanza by stanza. Nothing here remembers, waits, or decides.
"""
