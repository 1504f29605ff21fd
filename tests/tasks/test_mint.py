"""MINT's questions as tasks: prompts, proposals, and the grader who hears them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from codeact.agent import Agent
from codeact.errors import DataError
from codeact.formats import by_name
from codeact.models.scripted import ScriptedModel
from codeact.rollout import rollout
from codeact.tasks.mint import (
    KINDS,
    RIGHT,
    SPENT,
    STEPS,
    UNMARKED,
    Kind,
    Proposals,
    Question,
    kernel,
    proposed,
    questions,
    tasks,
)
from codeact.tools import EMPTY

pytestmark = pytest.mark.anyio

SUM = Question(kind="gsm8k", id="1", prompt="What is two and two?", reference="4")


def _data(folder: Path, kind: Kind, **record: Any) -> Path:
    path = folder / "mint" / f"{kind}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"id": 7, **record}) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("reply", "solution"),
    [
        ("It is <solution> 4 </solution>.", "4"),
        ("<solution>a</solution> or <solution>b</solution>", "a\nb"),
        ("It is 4.", None),
        ("<solution> 4", ""),
        ("<solution></solution>", ""),
    ],
)
def test_a_solution_stands_between_its_marks(reply: str, solution: str | None) -> None:
    assert proposed(reply) == solution


async def test_a_right_proposal_ends_the_run() -> None:
    heard = await Proposals(SUM).hear("<solution> 4 </solution>")
    assert (heard.text, heard.done) == (RIGHT, True)


async def test_the_second_wrong_proposal_ends_the_run() -> None:
    user = Proposals(SUM)
    first = await user.hear("<solution> 5 </solution>")
    second = await user.hear("<solution> 6 </solution>")
    assert (first.done, second.text, second.done) == (False, SPENT, True)
    assert "1 more" in first.text


async def test_an_answer_without_marks_is_no_proposal() -> None:
    user = Proposals(SUM)
    heard = await user.hear("It is 4.")
    assert (heard.text, heard.done, heard.error) == (UNMARKED, False, "unmarked")
    assert (await user.hear("<solution>5</solution>")).done is False


async def test_a_program_is_judged_by_its_tests() -> None:
    question = Question(kind="mbpp", id="1", prompt="Double.", reference="assert double(2) == 4")
    heard = await Proposals(question).hear("<solution>double = lambda n: 2 * n</solution>")
    assert heard.text == RIGHT


def test_questions_are_read_from_the_folder(tmp_path: Path) -> None:
    prompt = "Which?\nOptions: A ) one , B ) two"
    found = questions(_data(tmp_path, "mmlu", prompt=prompt, reference="a"), ["mmlu"])
    assert [(each.id, each.options) for each in found] == [("7", {"a": "one", "b": "two"})]


def test_a_programs_prompt_loses_its_quotes(tmp_path: Path) -> None:
    folder = _data(tmp_path, "mbpp", prompt='"""\nDouble it.\n"""\n', reference="assert True")
    assert questions(folder, ["mbpp"])[0].prompt == "Double it."


def test_a_folder_without_the_questions_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gsm8k\.jsonl cannot be read"):
        questions(tmp_path, ["gsm8k"])


def test_a_line_that_is_no_question_is_named(tmp_path: Path) -> None:
    folder = _data(tmp_path, "gsm8k", prompt="How many?")
    with pytest.raises(DataError, match="line 1 is no question"):
        questions(folder, ["gsm8k"])


async def test_a_task_is_lived_to_its_second_proposal(tmp_path: Path) -> None:
    (task,) = tasks(_data(tmp_path, "gsm8k", prompt="Two and two?", reference="4"), ["gsm8k"])
    replies = ["<execute>\n2 + 2\n</execute>", "<solution>5</solution>", "<solution>4</solution>"]
    agent = Agent(model=ScriptedModel(replies), format=by_name("code"), max_steps=STEPS)
    trajectory = await rollout(agent, task, kernel)
    assert [step.observation.done for step in trajectory.steps] == [False, False, True]
    assert trajectory.steps[-1].observation.text == RIGHT


def test_the_prompt_states_the_rules(tmp_path: Path) -> None:
    (task,) = tasks(_data(tmp_path, "theoremqa", prompt="Is it?", reference=True), ["theoremqa"])
    system, user = task.prompt(by_name("code"), EMPTY)
    assert (system.role, user.role, task.id) == ("system", "user", "theoremqa/7")
    assert "Is it?" in user.content
    assert "5 turns" in user.content


def test_the_public_questions_are_452() -> None:
    named = os.environ.get("CODEACT_DATA")
    if not named:
        pytest.skip("CODEACT_DATA does not name a folder of public data")
    found = questions(Path(named))
    counts = [sum(each.kind == kind for each in found) for kind in KINDS]
    assert counts == [48, 100, 49, 76, 43, 45, 91]
