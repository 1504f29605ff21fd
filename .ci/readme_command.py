"""Writes a command that the README marks to standard output, exactly as a reader would copy it."""

import re
import sys
from pathlib import Path

name, readme = sys.argv[1], Path(sys.argv[2])
blocks = re.findall(
    rf"<!-- command: {re.escape(name)} -->\n```\w*\n(.*?)```", readme.read_text("utf-8"), re.DOTALL
)
if len(blocks) != 1:
    sys.exit(f"{readme} must mark exactly one command {name!r}; it marks {len(blocks)}.")
sys.stdout.write(blocks[0])
