"""The engine as a state machine: stanzas, commits and commands in; units, stanzas and news out.

Pure: no sockets, no event loop, no clock. Whatever it needs it asks of a `Shell`, which answers later, so that a test
can play the shell and stop the world between any two steps.
"""
