"""Vaults that are not the store's: one in memory, for tests and demonstrations."""
