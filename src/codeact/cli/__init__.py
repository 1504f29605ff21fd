"""The terminal: parse, call, show."""

from __future__ import annotations

import sys


def main() -> None:
    """The program `codeact`."""
    from codeact.cli.commands import invoke

    try:
        invoke(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
