"""The neonize engine: its parts alone, its worker as a process, and both against the emulator."""
