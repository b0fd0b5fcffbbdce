"""The terminal's door: ``wagate …``. Commands import what they need when they run, so that each starts at once."""
