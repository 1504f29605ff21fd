"""Runs of API-Bank: what every benchmark shows, and besides it how each call was judged."""

from __future__ import annotations

import dataclasses
import io
import json as json_text
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from codeact.cli.eval_models import REFERENCE
from codeact.cli.evaluation import NO_FORMAT, Plan, choose, failure, play
from codeact.cli.report_screen import show
from codeact.cli.session import runs_folder
from codeact.errors import CodeActError, ConfigError
from codeact.evals.apibank import ApiBank
from codeact.evals.apibank.findings import Tally, alterations, gold, tally
from codeact.evals.apibank.roundtrip import PAPER, round_trips
from codeact.evals.report import Table
from codeact.evals.results import read_manifest, slug
from codeact.recording import new_folder
from codeact.rollout import Task

NOT_MADE = "argument-only: these APIs ask a service on the network, so that nothing can be executed"
TRIPS = "paper %: the share that the paper's own parsers read back, of the 389 calls of level 1"
ALTERED = "each argument of each recorded call altered in turn, and nothing else"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ApiBankPlan(Plan):
    """What the command line asks for."""

    level: int = 1

    def benchmark(self) -> ApiBank:
        """Raises ConfigError, DataError."""
        return ApiBank(data_dir=self.data_dir, level=2 if self.level == 2 else 1)


async def play_apibank(
    plan: ApiBankPlan, environ: Mapping[str, str], out: TextIO, err: TextIO
) -> int:
    """Live what is not lived yet, print what it came to, and return the exit code."""
    folder = plan.out or new_folder(runs_folder().parent / "evals")
    engine = io.StringIO() if plan.json else out
    code = await play(dataclasses.replace(plan, out=folder), environ, engine, err)
    if not read_manifest(folder):
        return code
    benchmark = plan.benchmark()
    chosen = choose(plan, benchmark)
    found = _tallies(plan, benchmark, chosen, folder)
    known = _known(benchmark, chosen) if REFERENCE in plan.models else {}
    if plan.json:
        plain = {
            model: (known if model == REFERENCE else {})
            | {name: dataclasses.asdict(each) for name, each in formats.items()}
            for model, formats in found.items()
        }
        record = plain if len(plain) > 1 else next(iter(plain.values()), {})
        out.write(json_text.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        out.write("\n")
        show([_judged(found), *_altered(known)], out)
    return code


def show_round_trips(plan: ApiBankPlan) -> int:
    """Print how many recorded calls each format reads back; 0 where all."""
    try:
        if not plan.formats:
            raise ConfigError(NO_FORMAT)
        benchmark = plan.benchmark()
        chosen = [benchmark.samples[task.id] for task in choose(plan, benchmark)]
        trips = round_trips(chosen, plan.formats)
    except CodeActError as error:
        return failure(error)
    if plan.json:
        plain = {name: dataclasses.asdict(trip) for name, trip in trips.items()}
        sys.stdout.write(json_text.dumps(plain, indent=1) + "\n")
    else:
        rows = tuple(
            (name, str(trip.n), str(trip.ok), _percent(trip.ok, trip.n), _paper(name))
            for name, trip in trips.items()
        )
        columns = ("format", "n", "ok", "%", "paper %")
        table = Table(title="Calls written and read back", columns=columns, rows=rows, note=TRIPS)
        show([table], sys.stdout)
    return 0 if all(trip.ok == trip.n for trip in trips.values()) else 1


def _tallies(
    plan: ApiBankPlan, benchmark: ApiBank, chosen: Sequence[Task], folder: Path
) -> dict[str, dict[str, Tally]]:
    """Of the models that were named, else of all that the folder holds."""
    made = read_manifest(folder)
    models = made.get("models", {}).values()
    named = [model for model in models if model in plan.models] or list(models)
    found: dict[str, dict[str, Tally]] = {}
    for model in named:
        for format in plan.formats:
            path = folder / slug(model) / f"{format}.jsonl"
            if path.is_file():
                epochs = made.get("epochs", {}).get(model, 1)
                found.setdefault(model, {})[format] = tally(benchmark, chosen, epochs, path)
    return found


def _known(benchmark: ApiBank, chosen: Sequence[Task]) -> dict[str, Any]:
    return {**gold(benchmark, chosen), "altered": alterations(benchmark, chosen)}


def _judged(found: Mapping[str, Mapping[str, Tally]]) -> Table:
    rows = tuple(
        (
            model,
            format,
            *(
                str(number)
                for count in (each.executed, each.argument_only)
                for number in (count.n, count.solved)
            ),
        )
        for model, formats in found.items()
        for format, each in formats.items()
    )
    columns = ("model", "format", "executed", "solved", "argument-only", "solved")
    return Table(title="How calls were judged", columns=columns, rows=rows, note=NOT_MADE)


def _altered(known: Mapping[str, Any]) -> list[Table]:
    if not known:
        return []
    altered = known["altered"]
    rows = [
        (f"{each['api']} {each['argument']}: {each['reason']}", str(each["n"]))
        for each in altered["reasons"]
    ]
    counts = [(name, str(altered[name])) for name in ("n", "rejected", "tolerated")]
    return [
        Table(
            title="Recorded calls with one argument altered",
            columns=("what", "calls"),
            rows=(*counts, *rows),
            note=ALTERED,
        )
    ]


def _percent(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}" if of else ""


def _paper(format: str) -> str:
    count = PAPER.get(format)
    return "" if count is None else _percent(count, PAPER["json"])
