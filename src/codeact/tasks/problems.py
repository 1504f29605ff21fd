"""Tasks to collect trajectories from: each with the one who tells whether it was solved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from codeact.formats import ActionFormat
from codeact.messages import Message
from codeact.prompt import system_prompt
from codeact.rollout import Task, World
from codeact.tasks.alfworld_tasks import REACHED
from codeact.tasks.families.instances import Instance
from codeact.tasks.mint import PROPOSALS, RIGHT, RULES, STEPS, Examiner, Judge
from codeact.tools import EMPTY, Toolbox
from codeact.trajectory import Trajectory

Solved = Callable[[Trajectory, Path], Awaitable[bool]]
"""Whether a trajectory solved its task; the path is the workspace as the episode left it."""


async def told_so(trajectory: Trajectory, workspace: Path) -> bool:
    """Whether the user who judges during the episode was content in the end."""
    last = trajectory.steps[-1].observation if trajectory.steps else None
    return last is not None and last.done and last.text in (RIGHT, REACHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`instance` is what the task was drawn from where it is a synthetic one, with its oracle.
    `steps` are the replies that the source's protocol allows, None where it says nothing.
    """

    task: Task
    solved: Solved = told_so
    instance: Instance | None = None
    steps: int | None = STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a question puts into the world: its text, its tools and files, and who judges."""

    text: str
    judge: Judge
    toolbox: Toolbox = EMPTY
    files: dict[str, bytes] = field(default_factory=dict)
    setup: str = ""


def examined(id: str, domain: str, ask: Callable[[], Asked]) -> Problem:
    """A problem in the paper's protocol: five replies, two proposed solutions, each judged aloud.

    `ask` is called for each prompt and each world, so that what is large is made only when needed.
    """
    return Problem(
        task=Task(id=id, domain=domain, prompt=partial(_prompt, ask), open=partial(_open, ask))
    )


def _prompt(ask: Callable[[], Asked], format: ActionFormat, toolbox: Toolbox) -> Sequence[Message]:
    rules = RULES.format(steps=STEPS, proposals=PROPOSALS)
    asked = Message(role="user", content=f"{ask().text}\n\n{rules}")
    return (system_prompt(format, toolbox), asked)


def _open(ask: Callable[[], Asked]) -> World:
    asked = ask()
    return World(
        toolbox=asked.toolbox,
        user=Examiner(asked.judge),
        files=asked.files,
        setup=asked.setup,
    )
