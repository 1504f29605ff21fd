"""What a trajectory is worth: benchmarks, their rules and their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from codeact.agent import Agent
from codeact.formats import ActionFormat
from codeact.messages import Sampling
from codeact.models import Model
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


class Rules(Protocol):
    """How a benchmark's episodes are lived, where nothing else is asked for."""

    @property
    def max_turns(self) -> int:
        """Replies in an episode."""

    @property
    def epochs(self) -> int:
        """How often each task is lived."""

    @property
    def sampling(self) -> Sampling:
        """How replies are drawn."""

    def format(self, name: str) -> ActionFormat:
        """The format that "code", "json" and the like mean here. Raises ConfigError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A model that knows the answers, to prove that each can be given, and the turns it needs."""

    model: Model
    max_turns: int


class Suite(Benchmark, Protocol):
    """A benchmark that `codeact eval` can run: a line in `catalogue` registers it."""

    @property
    def title(self) -> str:
        """As reports spell it."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What else makes two runs comparable, as the catalogue takes it (grader, edition, …)."""

    @property
    def rules(self) -> Rules:
        """How its episodes are lived."""

    @property
    def furnished(self) -> bool:
        """Whether worlds hold files or a setup, so that every format needs an interpreter."""

    def agent(
        self,
        model: Model,
        format: str,
        *,
        max_turns: int | None = None,
        sampling: Sampling | None = None,
    ) -> Agent:
        """An agent that lives by the rules. Raises ConfigError for an unknown format."""

    def reference(self, format: str, tasks: Sequence[Task]) -> Reference:
        """Who answers these tasks rightly. Raises ConfigError where an answer is not known."""

    def listing(self) -> Sequence[Mapping[str, Any]]:
        """Each task's id, domain and expected answer (None where there is none) as JSON data."""
