"""Real services for tests and benches: found or started here, never skipped, gone when the process is gone."""
