"""The other side of the comparison: cells as one file, run by a plain CPython."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

SITE = """\
import builtins, sys
def show_value(value):
    if value is not None:
        sys.modules["__main__"]._ = value
        print(repr(value))
builtins.show_value = show_value
"""
AWAITING = """\
import ast, asyncio, inspect
code = compile(open("cells.py").read(), "cells.py", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
coroutine = eval(code, globals())
asyncio.run(coroutine)
"""


def shown(cell: str) -> str:
    """The cell, but that the value of its last expression is shown as a notebook would."""
    tree = ast.parse(cell)
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return cell
    last = tree.body[-1].value
    lines = cell.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: last.lineno - 1])) + last.col_offset
    end = sum(map(len, lines[: (last.end_lineno or 0) - 1])) + (last.end_col_offset or 0)
    raw = cell.encode()
    return (raw[:start] + b"show_value((" + raw[start:end] + b"))" + raw[end:]).decode()


def plain_run(cells: list[str], folder: Path, site: Path) -> str:
    """What a plain CPython prints, stdout and stderr together."""
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    code = "\n".join(map(shown, cells))
    (site / "cells.py").write_text(code, encoding="utf-8")
    path = site / "cells.py"
    try:
        compile(code, "cells.py", "exec", dont_inherit=True)
    except SyntaxError:
        path = site / "awaiting.py"
        path.write_text(AWAITING.replace('"cells.py").read', f"{str(site / 'cells.py')!r}).read"))
    ran = subprocess.run(
        [sys.executable, "-u", str(path)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{site}{os.pathsep}{folder}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "MPLBACKEND": "agg",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=30,
    )
    return ran.stdout.decode(errors="replace")
