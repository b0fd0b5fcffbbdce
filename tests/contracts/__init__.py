"""Written examinations: what every plug for a socket must pass."""
