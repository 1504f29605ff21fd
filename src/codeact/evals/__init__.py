"""What a trajectory is worth: benchmarks and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from codeact.rollout import Task
from codeact.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one trajectory is worth, judged from its answers alone, never from a recorded verdict.

    `solved` counts any right answer within the turns (the paper's figure where the grader is an
    oracle that lets the agent retry); `first` only a right first answer. `turns` are the model's
    replies. `kind` labels how it ended: "solved" or one kind of failure.
    """

    solved: bool
    first: bool
    turns: int
    kind: str


class Benchmark(Protocol):
    """A set of tasks with a grader."""

    @property
    def name(self) -> str:
        """As the command line spells it."""

    def tasks(self) -> Sequence[Task]:
        """All tasks, in their fixed order."""

    def score(self, task: Task, trajectory: Trajectory) -> Score:
        """Judge a trajectory of the task."""
