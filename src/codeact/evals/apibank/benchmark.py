"""API-Bank as a benchmark: each task asks for one recorded call, judged by what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from codeact.actions import Action
from codeact.agent import Agent
from codeact.evals import Reference, Score
from codeact.evals.apibank.catalogue import BY_ARGUMENTS, toolbox
from codeact.evals.apibank.databases import Databases
from codeact.evals.apibank.dialogues import Level, Sample, read, samples
from codeact.evals.apibank.grader import Grader, Verdict, groups
from codeact.evals.apibank.one_call import OneCall, format_of
from codeact.evals.apibank.prompt import prompt
from codeact.evals.apibank.reference import ReferencePlayer
from codeact.messages import Sampling
from codeact.models import Model
from codeact.rollout import Task, World
from codeact.trajectory import StopReason, Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleCall:
    """The paper's rules: one reply to each task, drawn at temperature 0."""

    max_turns: int = 1
    epochs: int = 1
    sampling: Sampling = Sampling(temperature=0.0, max_tokens=512)

    def format(self, name: str) -> OneCall:
        """Raises ConfigError for an unknown name."""
        return format_of(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiBank:
    """Level 1: 389 calls, their APIs described; level 2: 119, of which 45 search for an API first.

    `data_dir` holds the public files. Raises ConfigError and DataError where they cannot be read.
    """

    data_dir: Path | None = None
    level: Level = 1
    grader: Grader = field(init=False, repr=False, compare=False)
    samples: Mapping[str, Sample] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = samples(read(self.data_dir, self.level), self.level)
        object.__setattr__(self, "grader", Grader(Databases.read(self.data_dir)))
        object.__setattr__(self, "samples", {sample.id: sample for sample in found})

    @property
    def name(self) -> str:
        return "apibank"

    def tasks(self) -> Sequence[Task]:
        return [
            Task(
                id=sample.id,
                domain=groups()[sample.gold.name],
                prompt=partial(prompt, sample),
                open=partial(_open, self.grader, sample),
            )
            for sample in self.samples.values()
        ]

    def executed(self, task: str) -> bool:
        """Whether the task's call is judged by executing it, or by its arguments alone."""
        return self.samples[task].gold.name not in BY_ARGUMENTS

    def verdict(self, task: str, action: Action) -> Verdict:
        return self.grader.judge(self.samples[task], action)

    def score(self, task: Task, trajectory: Trajectory) -> Score:
        """From the first reply alone."""
        turns = len(trajectory.steps)
        if not turns:
            kind = "failed" if trajectory.stop_reason is StopReason.FAILED else "no_call"
            return Score(solved=False, first=False, turns=0, kind=kind)
        verdict = self.verdict(task.id, trajectory.steps[0].action)
        return Score(solved=verdict.right, first=verdict.right, turns=turns, kind=verdict.kind)

    @property
    def title(self) -> str:
        return f"API-Bank, level {self.level}"

    @property
    def settings(self) -> Mapping[str, str]:
        return {"level": str(self.level)}

    @property
    def rules(self) -> SingleCall:
        return SingleCall()

    @property
    def furnished(self) -> bool:
        return False

    def agent(
        self,
        model: Model,
        format: str,
        *,
        max_turns: int | None = None,
        sampling: Sampling | None = None,
    ) -> Agent:
        """Replies once, whatever `max_turns` says: a second call would be of another task. Raises
        ConfigError for an unknown format.
        """
        return Agent(
            model=model,
            format=self.rules.format(format),
            sampling=sampling or self.rules.sampling,
            max_steps=self.rules.max_turns,
            final_turn=False,
            patience=None,
        )

    def reference(self, format: str, tasks: Sequence[Task]) -> Reference:
        """Who makes the recorded calls."""
        known = [self.samples[task.id] for task in tasks]
        return Reference(model=ReferencePlayer.of(known, self.rules.format(format)), max_turns=1)

    def listing(self) -> list[dict[str, Any]]:
        """Each task's id, domain and recorded call, and how it is judged, as JSON-able data."""
        return [
            {
                "id": sample.id,
                "domain": groups()[sample.gold.name],
                "answer": {"api": sample.gold.name, "arguments": dict(sample.gold.arguments)},
                "scored": "executed" if self.executed(sample.id) else "arguments",
            }
            for sample in self.samples.values()
        ]


def _open(grader: Grader, sample: Sample) -> World:
    return World(toolbox=toolbox(grader.world(sample), sample.offered))
