"""The cells of one kernel's life, as clients ask for them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

SESSION = 1
"""The number of this life: nothing is kept of earlier ones."""


class Past:
    """Numbered cells with the text of their results."""

    def __init__(self) -> None:
        self._cells: list[tuple[int, str, str | None]] = []

    def add(self, number: int, code: str, result: str | None) -> None:
        self._cells.append((number, code, result))

    def asked(self, content: Mapping[str, Any]) -> list[list[Any]]:
        """What a `history_request` asks for: [session, number, code], or with the result
        [session, number, [code, result]].
        """
        cells = list(self._cells)
        count = content.get("n")
        match content.get("hist_access_type"):
            case "range":
                start, stop = int(content.get("start") or 0), content.get("stop")
                last = int(stop) if stop else None
                if int(content.get("session") or 0) not in (0, SESSION):
                    cells = []
                cells = [each for each in cells if start <= each[0] and not _after(each, last)]
                count = None
            case "search":
                pattern = str(content.get("pattern") or "*")
                cells = [each for each in cells if fnmatch.fnmatchcase(each[1], pattern)]
                if content.get("unique"):
                    cells = list(
                        {code: (number, code, out) for number, code, out in cells}.values()
                    )
            case "tail":
                count = count or 10
            case _:
                cells = []
        if isinstance(count, int):
            cells = cells[-count:] if count > 0 else []
        shown = bool(content.get("output"))
        return [
            [SESSION, number, [code, result] if shown else code] for number, code, result in cells
        ]


def _after(cell: tuple[int, str, str | None], last: int | None) -> bool:
    return last is not None and cell[0] >= last
