"""The control API: HTTP and JSON on loopback, by which tests, benches and people hold the phones and turn the knobs."""

from whatsapp_emulator.control.app import control_app

__all__ = ["control_app"]
