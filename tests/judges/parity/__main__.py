"""``PYTHONPATH=tests python -m judges.parity``: write docs/parity.md anew."""

from judges.parity.known import read_known
from judges.parity.page import PAGE, page

PAGE.write_text(page(read_known()), encoding="utf-8")
