"""`codeact eval nano`: the embedded model measured, as a table or as JSON."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from codeact.cli import run as one_shot
from codeact.cli.evaluation import failure
from codeact.cli.harmless import clean
from codeact.errors import CodeActError
from codeact.evals.nano import GATES, Row, check_sides, measure, rows_of
from codeact.models.embedded import EmbeddedModel
from codeact.models.nano_prompt import pieces
from codeact.tasks.families.play import Played

MOVING = "\r{row}: {done} of {n}, {solved} solved"
HEADER = f"{'held out':<10} {'n':>5} {'solved':>7} {'rate':>7} {'95 % interval':>16} {'wanted':>7}"


async def show_nano(
    *,
    weights: Path | None,
    rows: Sequence[str],
    n: int,
    seed: int,
    json: bool,
    transcripts: Path | None,
    out: TextIO,
    err: TextIO,
) -> int:
    """Live the rows and print them; with `transcripts` every episode is written there in words."""
    found: list[Row] = []
    kept: list[str] = []
    try:
        model = EmbeddedModel(weights)
        check_sides(model.card)
        families = model.card.get("families")
        for name in rows or rows_of(families):
            progress = _Progress(name, n, err, kept)
            found.append(
                await measure(model, name, families=families, n=n, seed=seed, told=progress.told)
            )
            err.write("\n")
    except CodeActError as error:
        return failure(error)
    if transcripts is not None:
        _write(transcripts, kept)
    if json:
        out.write(json_text.dumps([row.plain() for row in found], indent=1) + "\n")
    else:
        out.write("\n".join([HEADER, *map(_line, found)]) + "\n")
    return one_shot.ANSWERED


def _write(path: Path, episodes: Sequence[str]) -> None:
    path.write_text("\n\n".join(episodes) + "\n", encoding="utf-8")


class _Progress:
    """How far a row is, on one line, and the episodes in words."""

    def __init__(self, row: str, n: int, err: TextIO, kept: list[str]) -> None:
        self._row, self._n, self._err, self._kept = row, n, err, kept
        self._done = self._solved = 0

    def told(self, played: Played) -> None:
        self._done += 1
        self._solved += played.solved
        if self._err.isatty() or self._done % 50 == 0:
            facts = {"row": self._row, "done": self._done, "n": self._n, "solved": self._solved}
            self._err.write(MOVING.format(**facts))
            self._err.flush()
        verdict = "solved" if played.solved else "not solved"
        lines = [f"== {self._row} / {played.instance.family}: {verdict}"]
        lines += [f"[{p.part}] {p.text}" for p in pieces(played.trajectory.messages())]
        self._kept.append(clean("\n".join(lines)))


def _line(row: Row) -> str:
    plain = row.plain()
    bounds = f"{plain['low']:.1%} – {plain['high']:.1%}"
    wanted = f"{GATES[row.row]:.0%}"
    return (
        f"{row.row:<10} {row.n:>5} {row.successes:>7} {row.rate:>7.1%} {bounds:>16} {wanted:>7}"
        f"{'' if row.passes else '  not reached'}"
    )
