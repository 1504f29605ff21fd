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
from codeact.cli.eval_models import REFERENCE, Opened, open_models
from codeact.cli.eval_progress import Progress
from codeact.cli.harmless import clean
from codeact.cli.report_screen import show
from codeact.cli.session import runs_folder
from codeact.errors import CodeActError, ConfigError
from codeact.evals import Suite
from codeact.evals.catalogue import Choice, opened
from codeact.evals.m3tooleval.editions import EditionName
from codeact.evals.m3tooleval.grader import GraderName
from codeact.evals.m3tooleval.protocol import ProtocolName
from codeact.evals.report import compare_formats, summarize
from codeact.evals.results import begin, load, slug
from codeact.evals.runs import Tally, run
from codeact.evals.tables import tables
from codeact.messages import Sampling
from codeact.models import Model
from codeact.models.cached import CachedModel
from codeact.recording import new_folder, versions
from codeact.rollout import Task, settled

NO_FORMAT = "--format is empty. Name some of code, json, text, native."
NO_DOMAIN = "There is no domain {name!r}. There are {known}."
NO_TASK = "There is no task {name!r}. `codeact eval {benchmark} --list` names all."
NO_TASKS = "No task is left: none of the named tasks is of the named domains."
FAILED = (
    "{count} episode{s} ended by the provider or the interpreter and not counted. The same command "
    "and -o {folder} tries again."
)
INTERRUPTED = (
    "Interrupted; every finished episode is kept. The same command and -o {folder} goes on."
)
REPORT = "Report: codeact eval report {folder} --html report.html"


SAMPLED = tuple(field.name for field in dataclasses.fields(Sampling))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the command line asks for; None is the protocol's."""

    benchmark_name: str = "m3tooleval"
    models: Sequence[str] = ()
    model_file: Path | None = None
    base_url: str | None = None
    formats: Sequence[str] = ("code", "json", "text")
    out: Path | None = None
    epochs: int | None = None
    max_turns: int | None = None
    concurrency: int = 8
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    cache: bool = False
    cache_dir: Path | None = None
    grader: GraderName | None = None
    protocol: ProtocolName | None = None
    edition: EditionName | None = None
    data_dir: Path | None = None
    limit: int | None = None
    domains: Sequence[str] = ()
    tasks: Sequence[str] = ()
    json: bool = False

    def benchmark(self) -> Suite:
        """Raises ConfigError, DataError."""
        choice = Choice(
            data_dir=self.data_dir,
            edition=self.edition,
            grader=self.grader,
            protocol=self.protocol,
        )
        return opened(self.benchmark_name, choice)

    def sampling(self, benchmark: Suite, model: Opened) -> Sampling:
        """The command line's, else the model's own, else the benchmark's."""
        found = benchmark.rules.sampling
        for wished in (model.sampling, self):
            named = {name: getattr(wished, name) for name in SAMPLED}
            given = {name: value for name, value in named.items() if value is not None}
            found = dataclasses.replace(found, **given)
        return found

    def formats_of(self, model: Opened) -> Sequence[str]:
        return model.formats or self.formats


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
            models = await _open(plan, benchmark, chosen, environ, stack)
            folder = plan.out or new_folder(runs_folder().parent / "evals")
            begin(folder, _manifest(plan, benchmark, chosen, models))
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


def choose(plan: Plan, benchmark: Suite) -> list[Task]:
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
            raise ConfigError(NO_TASK.format(name=name, benchmark=benchmark.name))
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
    plan: Plan,
    benchmark: Suite,
    chosen: Sequence[Task],
    environ: Mapping[str, str],
    stack: AsyncExitStack,
) -> list[Opened]:
    """The models, with nothing left that could be refused later. Raises ConfigError, ModelError."""
    if not plan.formats:
        raise ConfigError(NO_FORMAT)
    cache = (plan.cache_dir or replies_folder()) if plan.cache else None
    models = await open_models(
        plan.models, plan.model_file, plan.base_url, environ, stack, cache=cache
    )
    for model in models:
        for format in plan.formats_of(model):
            benchmark.rules.format(format)
            if model.name == REFERENCE:
                benchmark.reference(format, chosen)
    return models


async def _live(
    plan: Plan,
    benchmark: Suite,
    chosen: Sequence[Task],
    models: Sequence[Opened],
    folder: Path,
    err: TextIO,
) -> dict[str, dict[str, Tally]]:
    todo = [
        (model, format, folder / slug(model.name))
        for model in models
        for format in plan.formats_of(model)
    ]
    times = {model.name: _epochs(plan, benchmark, model.name) for model in models}
    there = 0
    for model, format, place in todo:
        wanted = {(task.id, epoch) for task in chosen for epoch in range(times[model.name])}
        there += len(wanted & settled(place / f"{format}.jsonl").keys())
    total = sum(len(chosen) * times[model.name] for model, _, _ in todo)
    hits = [each.model.hits for each in models if isinstance(each.model, CachedModel)]
    progress = Progress(err, total=total, there=there, folder=folder, hits=hits)
    found: dict[str, dict[str, Tally]] = {}
    for model, format, place in todo:
        progress.begin(model.name, format)
        player, turns = _player(plan, benchmark, model, format, chosen)
        tallies = await run(
            benchmark,
            player,
            [format],
            out=place,
            tasks=chosen,
            epochs=times[model.name],
            max_turns=turns,
            sampling=plan.sampling(benchmark, model),
            concurrency=plan.concurrency,
            finished=lambda task, epoch, lived: progress.add(benchmark.score(task, lived), lived),
        )
        found.setdefault(model.name, {}).update(tallies)
    progress.end()
    return found


def _player(
    plan: Plan, benchmark: Suite, model: Opened, format: str, chosen: Sequence[Task]
) -> tuple[Model, int | None]:
    """Who plays, and its turns where the command line says or the reference needs a number."""
    if model.model is not None:
        return model.model, plan.max_turns
    reference = benchmark.reference(format, chosen)
    return reference.model, plan.max_turns or reference.max_turns


def _epochs(plan: Plan, benchmark: Suite, model: str) -> int:
    """The reference player does the same each time, so that once is enough."""
    return plan.epochs or (1 if model == REFERENCE else benchmark.rules.epochs)


def replies_folder() -> Path:
    """Where replies are kept that --cache takes."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("codeact", appauthor=False)) / "replies"


def _manifest(
    plan: Plan, benchmark: Suite, chosen: Sequence[Task], models: Sequence[Opened]
) -> dict[str, Any]:
    """How the run is made, for who reads it later."""
    formats = dict.fromkeys(format for model in models for format in plan.formats_of(model))
    return {
        "benchmark": benchmark.name,
        **benchmark.settings,
        "max_turns": plan.max_turns or benchmark.rules.max_turns,
        "prompts": {name: _digest(benchmark, name) for name in formats},
        "sampling": {
            model.name: dataclasses.asdict(plan.sampling(benchmark, model)) for model in models
        },
        "epochs": {model.name: _epochs(plan, benchmark, model.name) for model in models},
        "tasks": [task.id for task in chosen],
        "models": {slug(model.name): model.name for model in models},
        "cached_replies": plan.cache,
        "versions": versions(),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _digest(benchmark: Suite, format: str) -> str:
    """Tells whether prompts are the same: of all tasks, as the model reads them."""
    spelled = benchmark.rules.format(format)
    said = hashlib.sha256()
    for task in benchmark.tasks():
        for message in task.prompt(spelled, task.open().toolbox):
            said.update(message.content.encode())
    return said.hexdigest()[:16]


def _plain(formats: Mapping[str, Tally]) -> dict[str, dict[str, Any]]:
    return {format: dataclasses.asdict(tally) for format, tally in formats.items()}
