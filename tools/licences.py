"""Writes the table of docs/licences.md: every pinned package, its licence as the package itself states it, its use.

`python tools/licences.py` rewrites the table; with `--check` it only says whether that would change anything. To be run
in the environment of the tests, where every package is installed.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
BEGIN, END = "<!-- begin: written by tools/licences.py -->\n", "<!-- end -->\n"

# Its metadata names no licence, the licence file in the wheel does. What it contains is told above the table.
NEONIZE = {"neonize": "Apache-2.0"}


def pinned(lock: str) -> set[str]:
    """The packages that a file of requirements/ pins."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


def licence(package: str) -> str:
    """What the installed package says of itself: licence expression, else licence field, else classifiers.

    Raises PackageNotFoundError.
    """
    stated = metadata.metadata(package)
    classified = (line.split(" :: ") for line in stated.get_all("Classifier", []))
    names = [parts[-1] for parts in classified if parts[:2] == ["License", "OSI Approved"]]
    return NEONIZE.get(package) or stated["License-Expression"] or stated["License"] or ", ".join(names)


def table(page: str) -> str:
    """The table, as Markdown; a package that is not installed (Windows only, or uv) keeps the row it has in `page`."""
    known = dict(re.findall(r"^\| ([\w.-]+) \| (.+?) \|", page, re.MULTILINE))
    used = dict.fromkeys(pinned("uv"), "the two commands") | dict.fromkeys(pinned("test"), "tests")
    used |= dict.fromkeys(pinned("run"), "the gateway")
    rows = ["| Package | Licence | Used by |", "|---|---|---|"]
    for package, user in sorted(used.items()):
        try:
            stated = licence(package)
        except metadata.PackageNotFoundError:
            stated = known.get(package, "**not known here**")
        rows.append(f"| {package} | {stated} | {user} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Rewrite the page, or check it."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    written = f"{before}{BEGIN}{table(page)}{END}{after}"
    if "--check" in sys.argv:
        sys.exit(None if written == page else "docs/licences.md is out of date: run python tools/licences.py")
    PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
