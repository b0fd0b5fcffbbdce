"""``python -m wagate`` and the command ``wagate``."""

from wagate.cli.app import main

if __name__ == "__main__":
    main()
