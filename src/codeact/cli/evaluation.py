"""Lives a benchmark's tasks from the command line: models opened, episodes kept, progress told."""

from __future__ import annotations

import dataclasses
import hashlib
import json as json_text
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import anyio

from codeact.cli import run as one_shot
from codeact.cli.eval_progress import Progress
from codeact.cli.harmless import clean
from codeact.cli.options import Options
from codeact.cli.report_screen import show
from codeact.cli.session import find_model, runs_folder
from codeact.errors import CodeActError, ConfigError
from codeact.evals.m3tooleval import M3ToolEval
from codeact.evals.m3tooleval.editions import EditionName
from codeact.evals.m3tooleval.grader import GraderName
from codeact.evals.m3tooleval.protocol import ProtocolName
from codeact.evals.m3tooleval.reference import MAX_TURNS, ReferencePlayer
from codeact.evals.report import compare_formats, summarize
from codeact.evals.results import begin, load, slug
from codeact.evals.runs import ModelFor, Tally, run
from codeact.evals.tables import tables
from codeact.models import Model
from codeact.recording import new_folder, versions
from codeact.rollout import Task, settled

REFERENCE = "reference"

NO_FORMAT = "--format is empty. Name some of code, json, text, native."
NO_DOMAIN = "There is no domain {name!r}. There are {known}."
NO_TASK = "There is no task {name!r}. `codeact eval m3tooleval --list` names all."
NO_TASKS = "No task is left: none of the named tasks is of the named domains."
SAME_NAME = "Two of the models are both called {name!r}. Run them apart, into two folders (-o)."
FAILED = (
    "{count} episode{s} ended by the provider or the interpreter and not counted. The same command "
    "and -o {folder} tries again."
)
INTERRUPTED = (
    "Interrupted; every finished episode is kept. The same command and -o {folder} goes on."
)
REPORT = "Report: codeact eval report {folder} --html report.html"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the command line asks for; None is the protocol's."""

    models: Sequence[str] = ()
    base_url: str | None = None
    formats: Sequence[str] = ("code", "json", "text")
    out: Path | None = None
    epochs: int | None = None
    max_turns: int | None = None
    concurrency: int = 8
    grader: GraderName = "fixed"
    protocol: ProtocolName = "default"
    edition: EditionName = "own"
    data_dir: Path | None = None
    limit: int | None = None
    domains: Sequence[str] = ()
    tasks: Sequence[str] = ()
    json: bool = False

    def benchmark(self) -> M3ToolEval:
        """Raises ConfigError, DataError."""
        return M3ToolEval(
            edition=self.edition,
            data_dir=self.data_dir,
            grader=self.grader,
            protocol=self.protocol,
        )


def listing(plan: Plan) -> int:
    """Print the chosen tasks."""
    try:
        benchmark = plan.benchmark()
        chosen = {task.id for task in choose(plan, benchmark)}
    except CodeActError as error:
        return failure(error)
    rows = [row for row in benchmark.listing() if row["id"] in chosen]
    if plan.json:
        sys.stdout.write(json_text.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        return 0
    width = max(len(row["id"]) for row in rows)
    sys.stdout.writelines(f"{row['id']:<{width}}  {row['answer']!r}\n" for row in rows)
    return 0


async def play(plan: Plan, environ: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Live what is not lived yet, print what it came to, and return the exit code."""
    try:
        benchmark = plan.benchmark()
        chosen = choose(plan, benchmark)
        async with AsyncExitStack() as stack:
            models = await _open(plan, benchmark, environ, stack)
            folder = plan.out or new_folder(runs_folder().parent / "evals")
            begin(folder, _manifest(plan, benchmark, chosen, list(models)))
            try:
                found = await _live(plan, benchmark, chosen, models, folder, err)
            except anyio.get_cancelled_exc_class():
                err.write("\n" + clean(INTERRUPTED.format(folder=folder)) + "\n")
                raise
    except CodeActError as error:
        return failure(error)
    failed = sum(tally.failed for formats in found.values() for tally in formats.values())
    if plan.json:
        plain = {model: _plain(formats) for model, formats in found.items()}
        record = plain if len(plain) > 1 else next(iter(plain.values()))
        out.write(json_text.dumps(record, indent=1) + "\n")
    else:
        arms = [arm for arm in load(folder, benchmark) if arm.model in found]
        show(tables([summarize(arm) for arm in arms], compare_formats(arms), named=False), out)
        err.write(clean(REPORT.format(folder=folder)) + "\n")
    if failed:
        said = FAILED.format(count=failed, s="" if failed == 1 else "s", folder=folder)
        err.write(clean(said) + "\n")
        return one_shot.FAILED
    return one_shot.ANSWERED


def choose(plan: Plan, benchmark: M3ToolEval) -> list[Task]:
    """The tasks that are asked for, in their order. Raises ConfigError for one that is not there.

    A task may be named by its id or by what stands after the domain.
    """
    every = list(benchmark.tasks())
    domains = list(dict.fromkeys(task.domain for task in every))
    for name in plan.domains:
        if name not in domains:
            raise ConfigError(NO_DOMAIN.format(name=name, known=", ".join(domains)))
    known = {name for task in every for name in (task.id, task.id.partition("/")[2])}
    for name in plan.tasks:
        if name not in known:
            raise ConfigError(NO_TASK.format(name=name))
    chosen = [
        task
        for task in every
        if (not plan.domains or task.domain in plan.domains)
        and (not plan.tasks or {task.id, task.id.partition("/")[2]} & set(plan.tasks))
    ]
    if not chosen:
        raise ConfigError(NO_TASKS)
    return chosen[: plan.limit]


def failure(error: CodeActError) -> int:
    """Say what went wrong; the exit code."""
    sys.stderr.write(f"Error: {clean(str(error))}\n")
    return one_shot.MISUSED if isinstance(error, ConfigError) else one_shot.FAILED


async def _open(
    plan: Plan, benchmark: M3ToolEval, environ: Mapping[str, str], stack: AsyncExitStack
) -> dict[str, Model | ModelFor]:
    """The models by name. Raises ConfigError, ModelError."""
    if not plan.formats:
        raise ConfigError(NO_FORMAT)
    for format in plan.formats:
        benchmark.rules.format(format)
    opened: dict[str, Model | ModelFor] = {}
    for wished in plan.models or (None,):
        if wished == REFERENCE:
            opened[REFERENCE] = lambda format: ReferencePlayer.of(benchmark, format)
            continue
        found = await find_model(Options(model=wished, base_url=plan.base_url), environ)
        stack.push_async_callback(found.model.aclose)
        if found.model.name in opened:
            raise ConfigError(SAME_NAME.format(name=found.model.name))
        opened[found.model.name] = found.model
    return opened


async def _live(
    plan: Plan,
    benchmark: M3ToolEval,
    chosen: Sequence[Task],
    models: Mapping[str, Model | ModelFor],
    folder: Path,
    err: TextIO,
) -> dict[str, dict[str, Tally]]:
    todo = [(model, format, folder / slug(model)) for model in models for format in plan.formats]
    times = {model: _epochs(plan, benchmark, model) for model in models}
    there = 0
    for model, format, place in todo:
        wanted = {(task.id, epoch) for task in chosen for epoch in range(times[model])}
        there += len(wanted & settled(place / f"{format}.jsonl").keys())
    total = sum(len(chosen) * times[model] for model, _, _ in todo)
    progress = Progress(err, total=total, there=there, folder=folder)
    found: dict[str, dict[str, Tally]] = {}
    for model, format, place in todo:
        progress.begin(model, format)
        tallies = await run(
            benchmark,
            models[model],
            [format],
            out=place,
            tasks=chosen,
            epochs=times[model],
            max_turns=plan.max_turns or (MAX_TURNS.get(format, 20) if model == REFERENCE else None),
            concurrency=plan.concurrency,
            finished=lambda task, epoch, lived: progress.add(benchmark.score(task, lived), lived),
        )
        found.setdefault(model, {}).update(tallies)
    progress.end()
    return found


def _epochs(plan: Plan, benchmark: M3ToolEval, model: str) -> int:
    """The reference player does the same each time, so that once is enough."""
    return plan.epochs or (1 if model == REFERENCE else benchmark.rules.epochs)


def _manifest(
    plan: Plan, benchmark: M3ToolEval, chosen: Sequence[Task], models: Sequence[str]
) -> dict[str, Any]:
    """How the run is made, for who reads it later."""
    rules = benchmark.rules
    return {
        "benchmark": benchmark.name,
        "edition": plan.edition,
        "grader": plan.grader,
        "protocol": plan.protocol,
        "max_turns": plan.max_turns or rules.max_turns,
        "prompts": {name: _digest(benchmark, name) for name in plan.formats},
        "sampling": dataclasses.asdict(rules.sampling),
        "epochs": {model: _epochs(plan, benchmark, model) for model in models},
        "tasks": [task.id for task in chosen],
        "models": {slug(model): model for model in models},
        "versions": versions(),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _digest(benchmark: M3ToolEval, format: str) -> str:
    """Tells whether prompts are the same: of all tasks, as the model reads them."""
    spelled = benchmark.rules.format(format)
    said = hashlib.sha256()
    for task in benchmark.tasks():
        for message in task.prompt(spelled, task.open().toolbox):
            said.update(message.content.encode())
    return said.hexdigest()[:16]


def _plain(formats: Mapping[str, Tally]) -> dict[str, dict[str, Any]]:
    return {format: dataclasses.asdict(tally) for format, tally in formats.items()}
