"""Slow proofs and measurements, run by hand: ``.venv/bin/python -m bench.NAME``. Each prints its figures and bars."""
