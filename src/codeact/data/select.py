"""Which trajectories are worth learning from: the paper's filters as run, and a stricter one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from codeact.actions import Answer, CodeAction, InvalidAction, ToolCall
from codeact.tasks.mint import proposed
from codeact.tasks.mint_records import Record
from codeact.trajectory import Step, Trajectory

Keep = Literal["all", "solved", "paper"]
Item = TypeVar("Item")

SHORT = 2
"""A run of at most so many replies teaches nothing about several turns (the paper's filter)."""

_CODE = re.compile(r"<execute>.*?</execute>", re.DOTALL)
_FAILED = "Error"  # in an observation's text: all that the public filter looks at


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One reply as the filters see it. `failed`: its code or call ended in an error, or was cut off
    before its end. `invalid`: nothing could be done with it.
    """

    proposed: bool = False
    acted: bool = False
    failed: bool = False
    invalid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A whole run: its turns, whether it solved its task, whether the last word is the model's."""

    turns: tuple[Turn, ...]
    solved: bool
    answered: bool = True

    @property
    def stumbled(self) -> bool:
        """Whether an action failed on the way."""
        return any(turn.acted and turn.failed and not turn.invalid for turn in self.turns)

    @property
    def recovered(self) -> bool:
        """Whether an action failed and a later one or a proposal did not."""
        failures = [n for n, turn in enumerate(self.turns) if turn.failed or turn.invalid]
        return any(
            (turn.acted or turn.proposed) and not turn.failed and not turn.invalid
            for turn in self.turns[failures[0] + 1 if failures else len(self.turns) :]
        )


def select(
    items: Iterable[Item],
    course: Callable[[Item], Course],
    *,
    keep: Keep = "paper",
    require_recovery: bool = False,
) -> Iterator[Item]:
    """The items worth keeping. `course` says how one went.

    `paper`: solved, in more than two replies, not all of them before the last invalid, ending with
    the model's word, and at least one that is neither a proposal nor failing code.
    `require_recovery` keeps only those that erred and then recovered, as the paper's text says.
    """
    for item in items:
        found = course(item)
        if _kept(found, keep) and (found.recovered or not require_recovery):
            yield item


def course_of(trajectory: Trajectory, *, solved: bool) -> Course:
    """How one of our own trajectories went; `solved` is a grader's verdict."""
    return Course(turns=tuple(_turn(step) for step in trajectory.steps), solved=solved)


def course_of_record(record: Record, *, solved: bool) -> Course:
    """How a recorded run of MINT went, by the marks in its texts; `solved` is a grader's verdict,
    not the recorded one.
    """
    observed = (*record.shown, *[""] * (len(record.replies) - len(record.shown)))
    pairs = zip(record.replies, observed, strict=False)
    return Course(
        turns=tuple(_recorded_turn(reply, text) for reply, text in pairs),
        solved=solved,
        answered=not record.cut_short,
    )


def _kept(course: Course, keep: Keep) -> bool:
    match keep:
        case "all":
            return True
        case "solved":
            return course.solved
        case "paper":
            before_last = course.turns[:-1]
            return (
                course.solved
                and course.answered
                and len(course.turns) > SHORT
                and not all(turn.invalid for turn in before_last)
                and not all(turn.proposed or (turn.acted and turn.failed) for turn in course.turns)
            )


def _turn(step: Step) -> Turn:
    match step.action:
        case CodeAction() | ToolCall():
            return Turn(acted=True, failed=not step.observation.ok)
        case Answer():
            return Turn(proposed=True)
        case InvalidAction():
            return Turn(invalid=True)


def _recorded_turn(reply: str, observation: str) -> Turn:
    if proposed(reply) is not None:
        return Turn(proposed=True)
    if "<execute>" not in reply:
        return Turn(invalid=True)
    whole = _CODE.search(reply) is not None
    return Turn(acted=True, failed=not whole or _FAILED in observation, invalid=not whole)
