"""Collection: agents live the tasks of a source, and each trajectory is judged and kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from codeact.agent import Agent
from codeact.errors import ConfigError, DataError, InterpreterLost
from codeact.formats import by_name
from codeact.interpreter import Interpreter
from codeact.rollout import Finished, OpenInterpreter, Task, rollout, rollouts, settled
from codeact.tasks.families.play import FORMAT, Oracle, Playground, live, playground
from codeact.tasks.problems import Problem
from codeact.trajectory import StopReason, Trajectory

SCHEMA = "codeact.collection/1"
SECONDS = 30.0
"""How long one cell may run."""

SOLVED, WRONG, FAILED = "solved", "wrong", "failed"
"""Outcomes; the others are the reasons why an episode stopped without an answer."""
UNSOUND = "unsound"
"""An oracle's mistake that did not fail as it was meant to, or spoilt what came after it."""

OTHER_COLLECTION = (
    "{path} holds a collection with {name} {before!r}, and this one has {now!r}. Name another file "
    "(-o), or repeat the command that began the one there."
)
NOT_OURS = "{path} exists and {manifest} does not: it was not collected. Name another file (-o)."
NO_ORACLE = (
    "The oracle knows the way of the synthetic families only, and writes code. Use --source "
    "families with --format code, or name a model (-m)."
)


def kernel() -> Any:
    """A walled kernel of its own for each episode, in a fresh folder."""
    from codeact.interpreter.opening import EVERYTHING, open_interpreter

    return open_interpreter(timeout=SECONDS, preload=EVERYTHING)


async def collect(
    agent: Agent,
    problems: Sequence[Problem],
    *,
    path: Path,
    epochs: int = 1,
    concurrency: int = 8,
    open_interpreter: OpenInterpreter = kernel,
    finished: Finished = lambda task, epoch, trajectory: None,
) -> None:
    """Let an agent live the problems, `epochs` times each, and append each trajectory to a file.

    Each line's metadata says its `source` and its `outcome`: "solved", "wrong" (another answer),
    or why it stopped.
    What is there already is not done again; episodes that the world ended are (see `rollouts`).
    """
    known = {each.task.id: each for each in problems}

    async def judged(agent: Agent, task: Task, opened: OpenInterpreter) -> Trajectory:
        return await _live(agent, known[task.id], opened)

    await rollouts(
        agent,
        [each.task for each in problems],
        open_interpreter,
        path=path,
        epochs=epochs,
        concurrency=concurrency,
        finished=finished,
        live=judged,
    )


async def collect_from_oracles(
    problems: Sequence[Problem],
    *,
    path: Path,
    concurrency: int = 2,
    finished: Finished = lambda task, epoch, trajectory: None,
) -> None:
    """The same with the oracles of the synthetic families, no model needed: once each, in kernels
    that are cleared between episodes. Raises ConfigError for tasks without an oracle.

    `masked_steps` in the metadata names actions that are wrong on purpose.
    """
    known = {each.task.id: each for each in problems}
    instances = [each.instance for each in problems if each.instance is not None]
    if len(instances) < len(problems):
        raise ConfigError(NO_ORACLE)
    if not instances:
        return
    there = settled(path)
    waiting = sum((each.task.id, 0) not in there for each in problems)
    async with AsyncExitStack() as stack:
        count = max(1, min(concurrency, waiting))
        grounds = [await stack.enter_async_context(playground()) for _ in range(count)]

        async def by_oracle(agent: Agent, task: Task, opened: OpenInterpreter) -> Trajectory:
            # `live` gives each instance an agent of its own
            ground = grounds.pop()
            try:
                return await _by_oracle(agent, known[task.id], ground)
            finally:
                grounds.append(ground)

        await rollouts(
            Agent(model=Oracle(instances[0]), format=by_name(FORMAT)),
            [each.task for each in problems],
            playground,
            path=path,
            concurrency=count,
            finished=finished,
            live=by_oracle,
        )


def begin(path: Path, manifest: Mapping[str, Any]) -> None:
    """Write how a collection is made beside it, or go on with one that was made alike.

    Raises ConfigError where the file holds another one, DataError where what says so is damaged.
    """
    beside = manifest_of(path)
    now = {"schema": SCHEMA, **manifest}
    if beside.exists():
        try:
            before = json.loads(beside.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{beside} is no JSON: {error}.") from error
        for name in sorted(now.keys() - {"count", "epochs", "versions", "begun"}):
            if before.get(name) != now[name]:
                raise ConfigError(
                    OTHER_COLLECTION.format(
                        path=path, name=name, before=before.get(name), now=now[name]
                    )
                )
        now["begun"] = before.get("begun", now.get("begun"))
    elif path.exists():
        raise ConfigError(NOT_OURS.format(path=path, manifest=beside.name))
    beside.parent.mkdir(parents=True, exist_ok=True)
    fresh = beside.with_name(f".{beside.name}.new")
    fresh.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(beside)


def manifest_of(path: Path) -> Path:
    """Where a collection's manifest stands."""
    return path.with_name(f"{path.name.removesuffix('.jsonl')}.collection.json")


def outcome(trajectory: Trajectory) -> str:
    """How a collected trajectory ended, "" where nobody has judged it."""
    return trajectory.metadata.get("outcome", "")


async def _live(agent: Agent, problem: Problem, open_interpreter: OpenInterpreter) -> Trajectory:
    """One episode, judged while its interpreter is still there."""
    try:
        async with open_interpreter() as interpreter:
            lived = await rollout(agent, problem.task, partial(_opened, interpreter))
            solved = await _solved(problem, lived, interpreter)
            return _labelled(problem, lived, solved)
    except InterpreterLost as lost:
        return _lost(problem, agent, lost)


async def _solved(problem: Problem, lived: Trajectory, interpreter: Interpreter) -> bool:
    if lived.stop_reason is StopReason.FAILED:
        return False
    solved = await problem.solved(lived, interpreter.workspace)
    if solved and problem.instance is not None and problem.instance.proof:
        return (await interpreter.execute(problem.instance.proof)).ok
    return solved


async def _by_oracle(agent: Agent, problem: Problem, ground: Playground) -> Trajectory:
    assert problem.instance is not None
    try:
        await ground.clear()
        played = await live(problem.instance, ground)
    except InterpreterLost as lost:
        await ground.reset()
        return _lost(problem, agent, lost)
    labelled = _labelled(problem, played.trajectory, played.solved)
    if played.sound:
        return labelled
    return dataclasses.replace(labelled, metadata={**labelled.metadata, "outcome": UNSOUND})


def _lost(problem: Problem, agent: Agent, lost: InterpreterLost) -> Trajectory:
    prompt = tuple(problem.task.prompt(agent.format, problem.task.open().toolbox))
    reason = StopReason.FAILED
    nothing = Trajectory(prompt=prompt, steps=(), stop_reason=reason, error=str(lost))
    return _labelled(problem, nothing, solved=False)


def _labelled(problem: Problem, lived: Trajectory, solved: bool) -> Trajectory:
    answered = lived.stop_reason is StopReason.ANSWERED
    label = SOLVED if solved else WRONG if answered else str(lived.stop_reason)
    source = "families" if problem.instance is not None else problem.task.domain
    about = {"source": source, "outcome": label}
    return dataclasses.replace(lived, metadata={**lived.metadata, **about})


@asynccontextmanager
async def _opened(interpreter: Interpreter) -> AsyncIterator[Interpreter]:
    """An interpreter that somebody else closes."""
    yield interpreter
