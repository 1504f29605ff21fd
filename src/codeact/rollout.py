"""Tasks and their episodes: one, or many at once into a file that can be resumed."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from codeact import trajectory as trajectories
from codeact.agent import Agent
from codeact.environment import Environment, Person, User
from codeact.errors import DataError, InterpreterLost
from codeact.events import Emit, ignore
from codeact.formats import ActionFormat
from codeact.interpreter import Interpreter
from codeact.messages import Message
from codeact.tools import EMPTY, Toolbox
from codeact.trajectory import StopReason, Trajectory

OpenInterpreter = Callable[[], AbstractAsyncContextManager[Interpreter]]
Finished = Callable[["Task", int, Trajectory], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What one episode acts on, made afresh for it.

    `files` are written into the workspace and `setup` is run there before the first turn.
    """

    toolbox: Toolbox = EMPTY
    user: User = field(default_factory=Person)
    files: Mapping[str, bytes] = field(default_factory=dict)
    setup: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked: its prompt for a format and tools, and the world that it is asked in."""

    id: str
    domain: str
    prompt: Callable[[ActionFormat, Toolbox], Sequence[Message]]
    open: Callable[[], World]


async def rollout(
    agent: Agent, task: Task, open_interpreter: OpenInterpreter, emit: Emit = ignore
) -> Trajectory:
    """Live one task once. An interpreter or a setup that fails ends the episode as `failed`."""
    world = task.open()
    prompt = tuple(task.prompt(agent.format, world.toolbox))
    try:
        async with open_interpreter() as interpreter:
            await _furnish(interpreter, world)
            environment = Environment(
                interpreter=interpreter, toolbox=world.toolbox, user=world.user
            )
            return await agent.run(prompt, environment, emit)
    except InterpreterLost as failure:
        reason = StopReason.FAILED
        return Trajectory(prompt=prompt, steps=(), stop_reason=reason, error=str(failure))


Live = Callable[[Agent, Task, OpenInterpreter], Awaitable[Trajectory]]
"""How one task is lived; `rollout` is the usual way."""


def seeded(agent: Agent, epoch: int) -> Agent:
    """The agent in another epoch: the sampling seed, where there is one, grows by one."""
    if agent.sampling.seed is None:
        return agent
    seed = agent.sampling.seed + epoch
    return dataclasses.replace(agent, sampling=dataclasses.replace(agent.sampling, seed=seed))


async def rollouts(
    agent: Agent,
    tasks: Iterable[Task],
    open_interpreter: OpenInterpreter,
    *,
    path: Path,
    epochs: int = 1,
    concurrency: int = 8,
    finished: Finished = lambda task, epoch, trajectory: None,
    live: Live = rollout,
    at_epoch: Callable[[Agent, int], Agent] = seeded,
) -> None:
    """Live many tasks, `epochs` times each, and append each trajectory to the file at `path`.

    Episodes that the file already holds are skipped; those that failed by the world's fault are
    tried again, and the later line counts. Each line's metadata names its `task`, `domain` and
    `epoch`; `at_epoch` makes the agent of an epoch. Nothing is lost when it is killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    done = set(settled(path))
    pairs = ((task, epoch) for epoch in range(epochs) for task in tasks)
    waiting = iter([(task, epoch) for task, epoch in pairs if (task.id, epoch) not in done])

    async def work() -> None:
        for task, epoch in waiting:
            record = await live(at_epoch(agent, epoch), task, open_interpreter)
            about = {"task": task.id, "domain": task.domain, "epoch": str(epoch)}
            record = dataclasses.replace(record, metadata={**record.metadata, **about})
            trajectories.append(path, record)
            finished(task, epoch, record)

    async with anyio.create_task_group() as group:
        for _ in range(concurrency):
            group.start_soon(work)


def settled(path: Path) -> dict[tuple[str, int], Trajectory]:
    """The latest trajectory of each (task, epoch) in a rollout file; failed ones are left out.

    A last line that a crash cut short is removed from the file. Raises DataError for other damage.
    """
    if not path.exists():
        return {}
    _mend(path)
    found = {}
    for record in trajectories.read(path):
        try:
            key = record.metadata["task"], int(record.metadata["epoch"])
        except (KeyError, ValueError) as error:
            raise DataError(f"{path} holds a trajectory without its task and epoch.") from error
        if record.stop_reason is not StopReason.FAILED:
            found[key] = record
    return found


def _mend(path: Path) -> None:
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)


def furnish(workspace: Path, files: Mapping[str, bytes]) -> None:
    """Lay files into a workspace, as the property of the code that works there."""
    for name, content in files.items():
        target = workspace / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        _give(target, workspace)


async def _furnish(interpreter: Interpreter, world: World) -> None:
    """Raises InterpreterLost when the world cannot be set up."""
    if world.files:  # episodes without code have no workspace, and need none
        furnish(interpreter.workspace, world.files)
    if world.setup:
        execution = await interpreter.execute(world.setup, toolbox=world.toolbox)
        if not execution.ok:
            raise InterpreterLost(f"The task's setup failed: {execution.text}")


def _give(target: Path, workspace: Path) -> None:
    """Let the session's own user, where it has one, change a file that the host has laid there."""
    owner = workspace.stat()
    while target != workspace and target.stat().st_uid != owner.st_uid:
        os.chown(target, owner.st_uid, owner.st_gid)
        target = target.parent
