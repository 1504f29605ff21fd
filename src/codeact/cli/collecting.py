"""Collects trajectories from the command line: a source, a model, progress, and what came of it."""

from __future__ import annotations

import dataclasses
import json as json_text
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import anyio

from codeact.agent import Agent
from codeact.cli import run as one_shot
from codeact.cli.eval_progress import Progress
from codeact.cli.evaluation import failure
from codeact.cli.harmless import clean
from codeact.cli.options import Options
from codeact.cli.session import find_model
from codeact.data.collect import (
    FAILED,
    NO_ORACLE,
    SOLVED,
    begin,
    collect,
    collect_from_oracles,
    outcome,
)
from codeact.errors import CodeActError, ConfigError
from codeact.evals import Score
from codeact.formats import by_name
from codeact.messages import Sampling
from codeact.recording import versions
from codeact.rollout import Task, settled
from codeact.tasks import sources
from codeact.tasks.families import families
from codeact.tasks.families.instances import held_out_hash
from codeact.trajectory import Trajectory, read

if TYPE_CHECKING:
    from codeact.tasks.problems import Problem

ORACLE = "oracle"
STEPS = 20
"""Replies in an episode where neither the source nor a flag says how many."""

NO_FILE = "Name the file to keep the trajectories in (-o FILE.jsonl)."
INTERRUPTED = "Interrupted; every finished episode is kept. The same command and -o {path} goes on."
DONE = "{solved} of {n} solved; kept in {path}. Next: codeact data select {path} -o FILE"
AGAIN = "{count} episode{s} ended by the provider or the interpreter; the same command tries again."
MEASURES = (
    "Note: {source} is a benchmark's test set; what is trained on it cannot be measured on it."
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the command line asks for; None is the source's or the provider's own."""

    source: str = sources.FAMILIES
    model: str | None = None
    base_url: str | None = None
    format: str = "code"
    count: int | None = None
    out: Path | None = None
    seed: int = 1
    epochs: int = 1
    concurrency: int = 8
    max_steps: int | None = None
    temperature: float | None = None
    families: Sequence[str] = ()
    repairs: float = 0.25
    data_dir: Path | None = None
    json: bool = False


def listing(*, json: bool) -> int:
    """Print the sources, and the families by group."""
    groups: dict[str, list[str]] = {}
    for each in families():
        groups.setdefault(each.group, []).append(each.name)
    if json:
        record = {"sources": list(sources.NAMES), "families": groups}
        sys.stdout.write(json_text.dumps(record, indent=1) + "\n")
        return 0
    sys.stdout.write("Sources: " + ", ".join(sources.NAMES) + "\n")
    for group, names in groups.items():
        sys.stdout.write(f"Families, {group}: {', '.join(names)}\n")
    return 0


async def gather(plan: Plan, environ: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Live what is not lived yet, tell what it came to, and return the exit code."""
    try:
        if plan.out is None:
            raise ConfigError(NO_FILE)
        if plan.model == ORACLE and (plan.source != sources.FAMILIES or plan.format != "code"):
            raise ConfigError(NO_ORACLE)
        by_name(plan.format)
        problems = sources.load(
            plan.source,
            count=plan.count,
            seed=plan.seed,
            data_dir=plan.data_dir,
            families=plan.families or None,
            repairs=plan.repairs,
        )
        await _collect(plan, plan.out, problems, environ, err)
    except CodeActError as error:
        return failure(error)
    except ExceptionGroup as group:
        first = next((each for each in group.exceptions if isinstance(each, CodeActError)), None)
        if first is None:
            raise
        return failure(first)
    return _tell(plan, plan.out, problems, out, err)


async def _collect(
    plan: Plan, path: Path, problems: Sequence[Problem], environ: Mapping[str, str], err: TextIO
) -> None:
    found = None
    name = ORACLE
    if plan.model != ORACLE:
        options = Options(model=plan.model, base_url=plan.base_url)
        found = await find_model(options, environ)
        name = found.model.name
    try:
        begin(path, _manifest(plan, name))
        epochs = 1 if found is None else plan.epochs
        wanted = {(each.task.id, epoch) for epoch in range(epochs) for each in problems}
        there = len(wanted & settled(path).keys())
        progress = Progress(err, total=len(wanted), there=there, folder=path)
        progress.begin(name, plan.format)
        if plan.source in sources.EVALUATES:
            err.write(MEASURES.format(source=plan.source) + "\n")

        def finished(task: Task, epoch: int, lived: Trajectory) -> None:
            label = outcome(lived)
            solved = label == SOLVED
            score = Score(solved=solved, first=solved, turns=len(lived.steps), kind=label)
            progress.add(score, lived)

        if found is None:
            await collect_from_oracles(
                problems, path=path, concurrency=min(plan.concurrency, 2), finished=finished
            )
        else:
            await collect(
                Agent(
                    model=found.model,
                    format=by_name(plan.format),
                    sampling=Sampling(temperature=plan.temperature),
                    max_steps=plan.max_steps or (problems[0].steps if problems else 0) or STEPS,
                    final_turn=False,
                ),
                problems,
                path=path,
                epochs=epochs,
                concurrency=plan.concurrency,
                finished=finished,
            )
        progress.end()
    except anyio.get_cancelled_exc_class():
        err.write("\n" + clean(INTERRUPTED.format(path=path)) + "\n")
        raise
    finally:
        if found is not None:
            with anyio.CancelScope(shield=True):
                await found.model.aclose()


def _tell(plan: Plan, path: Path, problems: Sequence[Problem], out: TextIO, err: TextIO) -> int:
    latest = {(t.metadata.get("task"), t.metadata.get("epoch")): t for t in read(path)}
    asked = {each.task.id for each in problems}
    counts = Counter(outcome(each) for (task, _), each in latest.items() if task in asked)
    n, failed = counts.total() - counts[FAILED], counts[FAILED]
    if plan.json:
        record = {"n": n, "solved": counts[SOLVED], "failed": failed, "outcomes": dict(counts)}
        out.write(json_text.dumps(record, indent=1) + "\n")
    else:
        out.writelines(f"{count:7,}  {label}\n" for label, count in counts.most_common())
        err.write(clean(DONE.format(solved=counts[SOLVED], n=n, path=path)) + "\n")
    if failed:
        err.write(AGAIN.format(count=failed, s="" if failed == 1 else "s") + "\n")
        return one_shot.FAILED
    return one_shot.ANSWERED


def _manifest(plan: Plan, model: str) -> dict[str, Any]:
    """How the collection is made, for who reads it later."""
    return {
        "source": plan.source,
        "model": model,
        "format": plan.format,
        "seed": plan.seed,
        "max_steps": plan.max_steps,
        "temperature": plan.temperature,
        "families": list(plan.families),
        "repairs": plan.repairs if plan.source == sources.FAMILIES else None,
        "held_out": held_out_hash() if plan.source == sources.FAMILIES else None,
        "count": plan.count,
        "epochs": plan.epochs,
        "versions": versions(),
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }
