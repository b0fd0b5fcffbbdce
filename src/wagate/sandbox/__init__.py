"""The sandbox: a pretend WhatsApp beside the gateway, with numbers that are paired and a contact that answers.

Not: the emulator itself, which is another package and is reached over loopback only.
"""
