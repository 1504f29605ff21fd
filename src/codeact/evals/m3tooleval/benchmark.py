"""M3ToolEval as a benchmark: its tasks, and what a trajectory of one is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from codeact.actions import Answer
from codeact.agent import Agent
from codeact.evals import Reference, Score
from codeact.evals.m3tooleval.editions import EditionName, own, upstream
from codeact.evals.m3tooleval.exercise import Domain, Exercise
from codeact.evals.m3tooleval.grader import GRADERS, Examiner, Grader, GraderName, fixed
from codeact.evals.m3tooleval.prompt import prompt
from codeact.evals.m3tooleval.protocol import PROTOCOLS, Protocol, ProtocolName
from codeact.evals.m3tooleval.reference import MAX_TURNS, ReferencePlayer
from codeact.messages import Sampling
from codeact.models import Model
from codeact.rollout import Task, World
from codeact.trajectory import StopReason, Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class M3ToolEval:
    """82 tasks that need several tools and turns. `worlds` replaces the edition's.

    The `fixed` grader comes with the repaired site, `paper` with the public one and its dead link.
    Raises ConfigError and DataError where the upstream edition cannot be read.
    """

    edition: EditionName = "own"
    data_dir: Path | None = None
    grader: GraderName = "fixed"
    protocol: ProtocolName = "default"
    worlds: tuple[Domain, ...] | None = None
    _pairs: tuple[tuple[Domain, Exercise], ...] = field(
        init=False, repr=False, compare=False, default=()
    )
    _by_id: Mapping[str, Exercise] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        worlds = self.worlds or _edition(self.edition, self.data_dir, self.grader == "fixed")
        pairs = tuple((domain, each) for domain in worlds for each in domain.exercises())
        object.__setattr__(self, "_pairs", pairs)
        object.__setattr__(self, "_by_id", {exercise.id: exercise for _, exercise in pairs})

    @property
    def name(self) -> str:
        return "m3tooleval"

    @property
    def rules(self) -> Protocol:
        return PROTOCOLS[self.protocol]

    @property
    def exercises(self) -> Mapping[str, Exercise]:
        """By id, in their fixed order."""
        return self._by_id

    def tasks(self) -> Sequence[Task]:
        judge = GRADERS[self.grader]
        return [
            Task(
                id=exercise.id,
                domain=exercise.domain,
                prompt=partial(prompt, exercise),
                open=partial(_open, domain, exercise, judge, self.rules.retry),
            )
            for domain, exercise in self._pairs
        ]

    def score(self, task: Task, trajectory: Trajectory) -> Score:
        """From the answers alone. Where the protocol has no retry, only the first one counts."""
        exercise = self.exercises[task.id]
        answers = [step.action.text for step in trajectory.steps if isinstance(step.action, Answer)]
        right = [GRADERS[self.grader](exercise, answer) for answer in answers]
        first = right[:1] == [True]
        solved = any(right) if self.rules.retry else first
        counted = answers if self.rules.retry else answers[:1]
        return Score(
            solved=solved,
            first=first,
            turns=len(trajectory.steps),
            kind="solved" if solved else _failure(exercise, counted, trajectory.stop_reason),
        )

    @property
    def title(self) -> str:
        return "M3ToolEval"

    @property
    def settings(self) -> Mapping[str, str]:
        return {"grader": self.grader, "protocol": self.protocol, "edition": self.edition}

    @property
    def furnished(self) -> bool:
        return False

    def reference(self, format: str, tasks: Sequence[Task]) -> Reference:
        player = ReferencePlayer.of(self, self.rules.format(format))
        return Reference(model=player, max_turns=MAX_TURNS.get(format, 20))

    def agent(
        self,
        model: Model,
        format: str,
        *,
        max_turns: int | None = None,
        sampling: Sampling | None = None,
    ) -> Agent:
        """An agent that lives by the protocol. Raises ConfigError for an unknown format."""
        return Agent(
            model=model,
            format=self.rules.format(format),
            sampling=sampling or self.rules.sampling,
            max_steps=max_turns or self.rules.max_turns,
            final_turn=False,
            patience=None,
        )

    def listing(self) -> list[dict[str, Any]]:
        """Each task's id, domain and expected answer as JSON-able data."""
        return [
            {"id": each.id, "domain": each.domain, "answer": each.answer}
            for each in self.exercises.values()
        ]


def _edition(name: EditionName, folder: Path | None, repaired: bool) -> tuple[Domain, ...]:
    match name:
        case "own":
            return own(repaired=repaired)
        case "upstream":
            return upstream(folder, repaired=repaired)


def _open(domain: Domain, exercise: Exercise, grader: Grader, retry: bool) -> World:
    user = Examiner(exercise=exercise, grader=grader, retry=retry)
    return World(toolbox=domain.toolbox(), user=user)


def _failure(exercise: Exercise, answers: list[str], reason: StopReason) -> str:
    """The kind of a failure: "failed" is the world's fault; "wrong_format" is an answer that
    `fixed` accepts and the grader does not; without an answer it is the stop reason.
    """
    if reason is StopReason.FAILED:
        return "failed"
    if any(fixed(exercise, answer) for answer in answers):
        return "wrong_format"
    return "wrong_answer" if answers else reason.value
