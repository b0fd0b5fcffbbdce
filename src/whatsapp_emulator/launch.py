"""Starts a program that uses neonize so that it trusts the emulator: ``python -m whatsapp_emulator.launch``.

Arguments: ``--root HEX -- MODULE ARGUMENTS…``. The environment (`client_environment`) must be set before this process
begins. The program itself is unchanged, and the product has no hook for this.
"""

import argparse
import importlib
import runpy
import sys

from whatsapp_emulator.redirect import replace_root

LIBRARY = "neonize"


def main(arguments: list[str]) -> None:
    """Load neonize, put the emulator's root key in the place of WhatsApp's, and run the module as ``__main__``."""
    parser = argparse.ArgumentParser(prog="whatsapp_emulator.launch", description=__doc__)
    parser.add_argument("--root", required=True, type=bytes.fromhex, help="the emulator's root key")
    parser.add_argument("module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    parsed = parser.parse_args(arguments)
    # neonize imports libmagic, which this package brings where the system has none.
    importlib.import_module("pylibmagic")
    importlib.import_module("neonize")
    replace_root(LIBRARY, parsed.root)
    sys.argv = [parsed.module, *parsed.arguments]
    runpy.run_module(parsed.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
