"""The loss curve of a run: told while it trains, kept as CSV, drawn as PNG."""

from __future__ import annotations

import csv
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import SupportsFloat

CURVE, PICTURE = "loss.csv", "loss.png"
COLUMNS = ("step", "tokens", "seconds", "loss", "rate", "tokens_per_second")


@dataclass(frozen=True, slots=True)
class Progress:
    """What is told while it trains: totals since the beginning, loss and speed of late."""

    step: int
    tokens: int
    seconds: float
    loss: float
    rate: float
    tokens_per_second: float
    done: float


class Curve:
    """The loss curve as a CSV file, a row for some steps; rows after a resumed step are dropped."""

    EVERY = 10

    def __init__(self, path: Path, step: int) -> None:
        kept = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.reader(file) if row[0].isdigit() and int(row[0]) <= step]
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *kept])
        self._path = path
        self._losses: list[SupportsFloat] = []
        self._since: tuple[int, float] | None = None

    def add(
        self, so_far: tuple[int, int, float], loss: SupportsFloat, rate: float, done: float
    ) -> Progress | None:
        """The mean since the last row, when a row was written; `so_far` are steps, tokens and
        seconds since the beginning. Losses are not looked at before, which a GPU would wait for.
        """
        step, tokens, seconds = so_far
        self._losses.append(loss)
        if step % self.EVERY and done < 1.0:
            return None
        before = self._since or (tokens, seconds)
        passed = seconds - before[1]
        speed = (tokens - before[0]) / passed if passed > 0 else 0.0
        mean = statistics.fmean(float(each) for each in self._losses)
        with self._path.open("a", newline="", encoding="utf-8") as file:
            figures = (f"{seconds:.1f}", f"{mean:.5f}", f"{rate:.3g}", f"{speed:.0f}")
            csv.writer(file).writerow([step, tokens, *figures])
        self._losses, self._since = [], (tokens, seconds)
        return Progress(step, tokens, seconds, mean, rate, speed, done)


def draw(folder: Path) -> Path:
    """Draw `loss.csv` as `loss.png` beside it: loss and speed over tokens."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with (folder / CURVE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tokens = [int(row["tokens"]) / 1e6 for row in rows]
    figure = Figure(figsize=(8, 5))
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.semilogy(tokens, [float(row["loss"]) for row in rows])
    above.set_ylabel("loss on the model's own tokens")
    below.plot(tokens, [float(row["tokens_per_second"]) for row in rows])
    below.set_ylabel("tokens/s")
    below.set_xlabel("million tokens")
    figure.tight_layout()
    figure.savefig(folder / PICTURE, dpi=120)
    return folder / PICTURE
