"""How far an evaluation is: success so far, money and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from codeact.cli.harmless import clean
from codeact.evals import Score
from codeact.models.cached import Hits
from codeact.trajectory import StopReason, Trajectory

EVERY = 10.0
"""Seconds between two lines where the progress is no terminal."""

BEGUN = "{total} episodes, {there} of them there already; kept in {folder}"
FIRST_ERROR = "An episode was ended by the world: {error}"


class Progress:
    """One line that changes on a terminal, a line now and then elsewhere."""

    def __init__(
        self, out: TextIO, *, total: int, there: int, folder: Path, hits: Sequence[Hits] = ()
    ) -> None:
        self._out = out
        self._hits = hits
        self._moves = out.isatty()
        self._total, self._there = total, there
        self._lived = self._judged = self._solved = self._failed = 0
        self._cost: float | None = 0.0
        self._arm = ""
        self._begun = self._told = time.monotonic()
        self._say(BEGUN.format(total=total, there=there, folder=folder))

    def begin(self, model: str, format: str) -> None:
        self._arm = f"{model} {format}"

    def add(self, score: Score, lived: Trajectory) -> None:
        """One more episode."""
        self._lived += 1
        cost = lived.usage.cost
        self._cost = None if cost is None or self._cost is None else self._cost + cost
        if lived.stop_reason is StopReason.FAILED:
            self._failed += 1
            if self._failed == 1:
                self._say(FIRST_ERROR.format(error=lived.error))
        else:
            self._judged += 1
            self._solved += score.solved
        now = time.monotonic()
        if self._moves or now - self._told >= EVERY:
            self._told = now
            self._tell()

    def end(self) -> None:
        if self._lived:
            self._tell()
            if self._moves:
                self._out.write("\n")

    def line(self) -> str:
        """What there is to say now."""
        done = self._there + self._lived
        parts = [f"{done}/{self._total}", self._arm]
        if self._judged:
            parts.append(f"solved {100 * self._solved / self._judged:.0f} % of {self._judged}")
        if self._failed:
            parts.append(f"errors {self._failed}")
        parts.append("cost unknown" if self._cost is None else f"${self._cost:.2f}")
        if kept := sum(each.count for each in self._hits):
            parts.append(f"replies kept from before {kept}")
        seconds = time.monotonic() - self._begun
        if self._lived and done < self._total:
            parts.append(f"{_clock(seconds / self._lived * (self._total - done))} left")
        else:
            parts.append(_clock(seconds))
        return " · ".join(parts)

    def _tell(self) -> None:
        self._out.write(
            f"\r\x1b[K{clean(self.line())}" if self._moves else f"{clean(self.line())}\n"
        )
        self._out.flush()

    def _say(self, text: str) -> None:
        self._out.write(f"\r\x1b[K{clean(text)}\n" if self._moves else f"{clean(text)}\n")
        self._out.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
