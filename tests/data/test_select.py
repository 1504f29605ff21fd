"""Selecting trajectories: the paper's filters, and the stricter rule of its text."""

from __future__ import annotations

import pytest

from codeact.actions import Action, Answer, CodeAction, InvalidAction
from codeact.data.select import Course, Turn, course_of, course_of_record, select
from codeact.messages import Completion, Message
from codeact.observations import Observation
from codeact.tasks.mint_records import Record
from codeact.trajectory import Step, StopReason, Trajectory
from tests import recorded

GOOD = Turn(acted=True)
BAD = Turn(acted=True, failed=True)
SAID = Turn(proposed=True)
INVALID = Turn(invalid=True)
CUT_OFF = Turn(acted=True, failed=True, invalid=True)


def _kept(*turns: Turn, solved: bool = True, answered: bool = True, strict: bool = False) -> bool:
    course = Course(turns=turns, solved=solved, answered=answered)
    return list(select([course], lambda each: each, require_recovery=strict)) == [course]


@pytest.mark.parametrize(
    ("turns", "kept"),
    [
        ([GOOD, GOOD, SAID], True),
        ([GOOD, SAID], False),
        ([BAD, GOOD, SAID], True),
        ([BAD, BAD, SAID], False),
        ([SAID, BAD, SAID], False),
        ([INVALID, INVALID, SAID], False),
        ([INVALID, BAD, SAID, SAID], True),
        ([CUT_OFF, BAD, SAID, SAID], False),
    ],
)
def test_the_papers_filters_are_followed_as_run(turns: list[Turn], kept: bool) -> None:
    assert _kept(*turns) is kept


def test_only_solved_and_answered_runs_are_kept() -> None:
    assert not _kept(GOOD, GOOD, SAID, solved=False)
    assert not _kept(GOOD, GOOD, SAID, answered=False)


@pytest.mark.parametrize(
    ("turns", "kept"),
    [
        ([GOOD, GOOD, SAID], False),
        ([BAD, GOOD, SAID], True),
        ([GOOD, GOOD, BAD], False),
        ([GOOD, INVALID, SAID], True),
    ],
)
def test_recovery_asks_for_an_error_and_a_way_out(turns: list[Turn], kept: bool) -> None:
    assert _kept(*turns, strict=True) is kept


def test_all_and_solved_keep_more() -> None:
    lost, won = Course(turns=(SAID,), solved=False), Course(turns=(SAID,), solved=True)
    assert list(select([lost, won], lambda each: each, keep="all")) == [lost, won]
    assert list(select([lost, won], lambda each: each, keep="solved")) == [won]


def _step(action: Action, *, ok: bool = True) -> Step:
    return Step(
        completion=Completion(text=""),
        reply=Message(role="assistant", content=""),
        action=action,
        observation=Observation(text="", source="interpreter", ok=ok),
    )


def test_our_own_trajectories_have_a_course() -> None:
    steps = (
        _step(CodeAction(code="1/0"), ok=False),
        _step(InvalidAction(reason="", kind="empty"), ok=False),
        _step(CodeAction(code="1")),
        _step(Answer(text="1")),
    )
    trajectory = Trajectory(prompt=(), steps=steps, stop_reason=StopReason.ANSWERED)
    course = course_of(trajectory, solved=True)
    assert course.turns == (BAD, INVALID, GOOD, SAID)
    assert (course.stumbled, course.recovered) == (True, True)


def test_a_recorded_run_is_read_by_its_marks() -> None:
    replies = (
        "<execute>1/0</execute>",
        "<execute>while",
        "Hm.",
        "<execute>1</execute>",
        "<solution>1</solution>",
    )
    record = Record(
        model="m",
        kind="math",
        id="1",
        prompt="",
        reference="1",
        options={},
        replies=replies,
        shown=("ZeroDivisionError", "What?", "What?", "1"),
        cut_short=False,
        verdict=None,
    )
    course = course_of_record(record, solved=True)
    assert course.turns == (BAD, CUT_OFF, INVALID, GOOD, SAID)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("model", "kept", "stumbled"),
    [("gpt-3.5-turbo-0613", 149, 34), ("claude-instant-1", 92, 14), ("claude-2", 25, 9)],
)
def test_the_public_runs_are_kept_as_the_paper_kept_them(
    model: str, kept: int, stumbled: int
) -> None:
    courses = [
        course_of_record(record, solved=solved)
        for record, solved in recorded.runs()
        if record.model == model
    ]
    found = list(select(courses, lambda each: each))
    assert (len(found), sum(each.stumbled for each in found)) == (kept, stumbled)
