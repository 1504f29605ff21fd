"""What a folder of rollouts holds: trajectories by model and format, and how they were made."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact.errors import ConfigError, DataError
from codeact.evals import Benchmark, Score
from codeact.messages import Usage
from codeact.trajectory import StopReason, Trajectory, from_json

SCHEMA = "codeact.eval/1"
MANIFEST = "run.json"

OTHER_RUN = (
    "{folder} holds a run with {name} {before!r}, and this one has {now!r}. Name another folder "
    "(-o), or repeat the command that began the run there."
)
NOTHING = (
    "{folder} holds no rollouts: there is no file of trajectories (FORMAT.jsonl) in it or in a "
    "folder below it."
)

FIXED = ("benchmark", "edition", "level", "grader", "protocol", "max_turns", "sampling", "prompts")
"""What may not change when a run is resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One task lived once, and judged."""

    task: str
    domain: str
    epoch: int
    score: Score
    trajectory: Trajectory

    @property
    def usage(self) -> Usage:
        return self.trajectory.usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What one model did in one format. `failed` are episodes that the world ended (no reply from
    the provider, a lost interpreter): they are no failures of the model and count nowhere else.
    `missing` counts episodes that were asked for and never ended, as in an interrupted run.
    """

    model: str
    format: str
    episodes: tuple[Episode, ...]
    failed: tuple[Trajectory, ...] = ()
    missing: int = 0

    @property
    def outcomes(self) -> dict[str, list[bool]]:
        """Whether each epoch was solved, by task."""
        found: dict[str, list[bool]] = {}
        for episode in self.episodes:
            found.setdefault(episode.task, []).append(episode.score.solved)
        return found

    @property
    def domains(self) -> dict[str, str]:
        return {episode.task: episode.domain for episode in self.episodes}


def slug(model: str) -> str:
    """A folder's name for a model; two models never share one."""
    safe = re.sub(r"[^\w.+-]+", "-", model, flags=re.ASCII).strip("-.") or "model"
    if safe == model and len(safe) <= 80:
        return safe
    return f"{safe[:80]}-{hashlib.sha256(model.encode()).hexdigest()[:6]}"


def begin(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write how the run is made, or go on with one that was made alike; models, formats and
    tasks of an earlier command are kept.

    Raises ConfigError where the folder's run was made otherwise, DataError where it is damaged.
    """
    before = read_manifest(folder)
    now = {"schema": SCHEMA, **manifest}
    for name in FIXED if before else ():
        was, wanted = before.get(name), now.get(name)
        if isinstance(was, dict) and isinstance(wanted, dict):  # may be added to, not changed
            was = {key: value for key, value in was.items() if key in wanted}
            wanted = {key: value for key, value in wanted.items() if key in was}
        if (was or None) != (wanted or None):
            raise ConfigError(OTHER_RUN.format(folder=folder, name=name, before=was, now=wanted))
    for name in ("models", "prompts", "epochs", "sampling"):
        now[name] = {**before.get(name, {}), **now.get(name, {})}
    now["tasks"] = list(dict.fromkeys([*before.get("tasks", ()), *now.get("tasks", ())]))
    now["begun"] = before.get("begun", now.get("begun"))
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{MANIFEST}.{os.getpid()}"
    fresh.write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> dict[str, Any]:
    """How the folder's run was made; empty where it does not say. Raises DataError."""
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}.") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise DataError(f"{path} is no manifest of an evaluation: it lacks schema {SCHEMA!r}.")
    return record


def load(folder: Path, benchmark: Benchmark) -> tuple[Arm, ...]:
    """Every model and format that the folder holds, judged by the benchmark, by name.

    Half a line at the end of a file, as a running or a killed program leaves it, is not read.
    Raises ConfigError for a folder without rollouts, DataError for damage.
    """
    made = read_manifest(folder)
    names, times = made.get("models", {}), made.get("epochs", {})
    paths = sorted([*folder.glob("*.jsonl"), *folder.glob("*/*.jsonl")])
    if not paths:
        raise ConfigError(NOTHING.format(folder=folder))
    found = []
    for path in paths:
        model = names.get(path.parent.name)
        epochs = range(times.get(model, 0))
        wanted = {(task, epoch) for task in made.get("tasks", ()) for epoch in epochs}
        found.append(arm(path, benchmark, model, wanted))
    return tuple(found)


def arm(
    path: Path,
    benchmark: Benchmark,
    model: str | None = None,
    wanted: Set[tuple[str, int]] = frozenset(),
) -> Arm:
    """One file of trajectories, judged. Tasks that the benchmark does not know are left out.

    `wanted` are the tasks and epochs that were asked for.
    """
    tasks = {task.id: task for task in benchmark.tasks()}
    episodes, failed = [], []
    latest = {_key(path, record): record for record in _whole_lines(path)}
    for (task, epoch), record in sorted(latest.items()):
        model = model or record.metadata.get("model")
        if record.stop_reason is StopReason.FAILED:
            failed.append(record)
        elif task in tasks:
            score = benchmark.score(tasks[task], record)
            episodes.append(
                Episode(
                    task=task,
                    domain=tasks[task].domain,
                    epoch=epoch,
                    score=score,
                    trajectory=record,
                )
            )
    return Arm(
        model=model or path.parent.name,
        format=path.stem,
        episodes=tuple(episodes),
        failed=tuple(failed),
        missing=len(wanted - latest.keys()),
    )


def rejudged(arm: Arm, benchmark: Benchmark) -> Arm:
    """The same episodes with the scores of another judge, who must know their tasks."""
    tasks = {task.id: task for task in benchmark.tasks()}
    return dataclasses.replace(
        arm,
        episodes=tuple(
            dataclasses.replace(each, score=benchmark.score(tasks[each.task], each.trajectory))
            for each in arm.episodes
        ),
    )


def _key(path: Path, record: Trajectory) -> tuple[str, int]:
    try:
        return record.metadata["task"], int(record.metadata["epoch"])
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} holds a trajectory without its task and epoch.") from error


def _whole_lines(path: Path) -> Iterator[Trajectory]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.endswith(b"\n") and line.strip():
                try:
                    yield from_json(line.decode("utf-8"))
                except (DataError, UnicodeDecodeError) as error:
                    raise DataError(f"{path}, line {number}: {error}") from error
