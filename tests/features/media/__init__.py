"""The media room: what comes in, what is kept, what goes."""
