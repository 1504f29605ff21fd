"""Draws the tables of a report: with rich on a terminal, as plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from codeact.cli.harmless import clean
from codeact.evals.report import Table
from codeact.evals.tables import plain, text_columns

NARROWEST = 14
"""Characters that a column of words keeps where the terminal is narrow; numbers are never cut."""


def show(tables: Sequence[Table], out: TextIO) -> None:
    """One under another."""
    if out.isatty():
        for table in tables:
            _draw(table, out)
    else:
        out.write("\n\n".join(clean(plain(table)) for table in tables) + "\n")


def _draw(table: Table, out: TextIO) -> None:
    """Where even the narrowest drawing does not fit, the terminal wraps its lines."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    console = Console(file=out, highlight=False)
    drawn = Drawn(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    left, needed = text_columns(table), 2
    for place, column in enumerate(table.columns):
        width, words = max(len(line[place]) for line in (table.columns, *table.rows)), place in left
        least = min(width, NARROWEST) if words else width
        needed += least + 2
        drawn.add_column(
            Text(clean(column)),
            justify="left" if words else "right",
            no_wrap=not words,
            min_width=least,
        )
    for row in table.rows:
        drawn.add_row(*(Text(clean(cell), overflow="fold") for cell in row))
    console.print(Text(table.title, style="bold"))
    wide = Console(file=out, highlight=False, width=max(console.width, needed))
    wide.print(drawn)
    console.print(Text(f"{table.note}\n", style="dim"))
