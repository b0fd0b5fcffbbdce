"""Our own language: one module per room. Every route names the scope that it needs."""
