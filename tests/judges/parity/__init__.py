"""Wire parity: what our engine says, act by act, beside what whatsmeow says."""
