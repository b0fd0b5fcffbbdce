"""Slow proofs and measurements, run by hand: ``.venv/bin/python -m bench.NAME``. Each prints its figures and bars."""

import sys
from pathlib import Path

# Benches start the same real services as the tests (``tests/services``) and judge by the same judges.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
