"""History: what a phone tells of the time before a device was linked."""
