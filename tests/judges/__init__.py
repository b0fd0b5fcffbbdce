"""Unmodified clients that judge the emulator and the native engine."""
