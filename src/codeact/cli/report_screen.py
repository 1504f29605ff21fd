"""Draws the tables of a report: with rich on a terminal, as plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from codeact.cli.harmless import clean
from codeact.evals.report import Table
from codeact.evals.tables import plain, text_columns


def show(tables: Sequence[Table], out: TextIO) -> None:
    """One under another."""
    if out.isatty():
        _draw(tables, out)
    else:
        out.write("\n\n".join(clean(plain(table)) for table in tables) + "\n")


def _draw(tables: Sequence[Table], out: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    console = Console(file=out, highlight=False)
    for table in tables:
        left = text_columns(table)
        drawn = Drawn(box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
        drawn.title, drawn.caption = Text(table.title, style="bold"), Text(table.note, style="dim")
        for place, column in enumerate(table.columns):
            drawn.add_column(Text(clean(column)), justify="left" if place in left else "right")
        for row in table.rows:
            drawn.add_row(*(Text(clean(cell)) for cell in row))
        console.print(drawn)
