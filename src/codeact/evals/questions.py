"""Benchmarks of questions with known answers: MINT, GSM8K, MATH, HumanEval and their like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codeact.actions import Answer
from codeact.agent import Agent
from codeact.errors import ConfigError
from codeact.evals import Reference, Score
from codeact.evals.player import Player
from codeact.formats import ActionFormat, by_name
from codeact.messages import Completion, Message, Sampling, ToolSchema
from codeact.models import Model
from codeact.rollout import Task
from codeact.trajectory import StopReason, Trajectory

NO_GOLD = (
    "The reference player knows no answer to {count} of the chosen tasks, of {domains}. Choose "
    "others with --domain or --task, or choose another model."
)
NOT_ASKED = "The reference player knows the questions of its benchmark only; choose another model."


def whole(answer: str) -> str | None:
    """What an answer proposes where nothing marks a proposal: all of it."""
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A task whose answers can be judged. `gold` is an answer that is right, as it is given, None
    where there is none. `agrees` judges an answer from its text; where judging needs more than
    text (a program that is run, a household that is looked at) it is None, and what the user said
    in the episode counts: one of `praise`. `proposed` reads the proposal out of an answer, None
    where there is none.
    """

    task: Task
    gold: str | None
    agrees: Callable[[str], bool] | None = None
    praise: frozenset[str] = frozenset()
    proposed: Callable[[str], str | None] = whole


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRules:
    """How questions are lived."""

    max_turns: int
    epochs: int = 1
    sampling: Sampling = Sampling(temperature=0.0)

    def format(self, name: str) -> ActionFormat:
        return by_name(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """A set of questions as a benchmark; the first `proposals` of an episode count."""

    name: str
    title: str
    questions: Sequence[Question]
    rules: QuestionRules
    proposals: int = 1
    furnished: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    _by_id: Mapping[str, Question] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {each.task.id: each for each in self.questions})

    def tasks(self) -> Sequence[Task]:
        return [each.task for each in self.questions]

    def score(self, task: Task, trajectory: Trajectory) -> Score:
        right = self._verdicts(self._by_id[task.id], trajectory)
        return Score(
            solved=any(right),
            first=right[:1] == [True],
            turns=len(trajectory.steps),
            kind="solved" if any(right) else _failure(right, trajectory.stop_reason),
        )

    def agent(
        self,
        model: Model,
        format: str,
        *,
        max_turns: int | None = None,
        sampling: Sampling | None = None,
    ) -> Agent:
        return Agent(
            model=model,
            format=self.rules.format(format),
            sampling=sampling or self.rules.sampling,
            max_steps=max_turns or self.rules.max_turns,
            final_turn=False,
            patience=None,
        )

    def reference(self, format: str, tasks: Sequence[Task]) -> Reference:
        wanted = [self._by_id[task.id] for task in tasks]
        unknown = [each.task for each in wanted if each.gold is None]
        if unknown:
            domains = ", ".join(dict.fromkeys(task.domain for task in unknown))
            raise ConfigError(NO_GOLD.format(count=len(unknown), domains=domains))
        spelling = self.rules.format(format)
        answers = {
            _asked(task.prompt(spelling, task.open().toolbox)): gold
            for task, gold in ((each.task, each.gold) for each in wanted)
            if gold is not None
        }
        return Reference(model=GoldAnswers(format=spelling, answers=answers), max_turns=1)

    def listing(self) -> list[dict[str, Any]]:
        return [
            {"id": each.task.id, "domain": each.task.domain, "answer": each.gold}
            for each in self.questions
        ]

    def _verdicts(self, question: Question, trajectory: Trajectory) -> list[bool]:
        """Of the proposals that count; without a way to judge text, of what the user said."""
        answers = [
            (proposal, step.observation)
            for step in trajectory.steps
            if isinstance(step.action, Answer) and (proposal := question.proposed(step.action.text))
        ]
        counted = answers[: self.proposals]
        if question.agrees is None:
            return [heard.text in question.praise for _, heard in counted]
        return [question.agrees(proposal) for proposal, _ in counted]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldAnswers(Player):
    """The model that answers each question it knows with its gold answer at once."""

    format: ActionFormat
    answers: Mapping[str, str]

    def play(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> Completion:
        gold = self.answers.get(_asked(messages[:2]))
        if gold is None:
            raise ConfigError(NOT_ASKED)
        return Completion(text=self.format.write(Answer(text=gold)))


def _asked(messages: Sequence[Message]) -> str:
    """What tells a question from others: the first message of the user."""
    return next((each.content for each in messages if each.role == "user"), "")


def _failure(judged: Sequence[bool], reason: StopReason) -> str:
    if reason is StopReason.FAILED:
        return "failed"
    return "wrong_answer" if judged else reason.value
