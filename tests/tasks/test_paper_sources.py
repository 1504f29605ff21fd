"""HotpotQA, MATH and the sources by name: read from small files, and judged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from codeact.agent import Agent
from codeact.errors import ConfigError, DataError
from codeact.formats import by_name
from codeact.models.scripted import ScriptedModel
from codeact.rollout import rollout
from codeact.tasks import competition_math, hotpotqa, sources
from codeact.tasks.mint import RIGHT, kernel

pytestmark = pytest.mark.anyio

RIVER = {
    "_id": "a1",
    "question": "Which sea does the river of Basel reach?",
    "answer": "North Sea",
    "level": "hard",
    "context": [
        ["Basel", ["Basel is a city. ", "It lies on the Rhine."]],
        ["Rhine", ["The Rhine reaches the North Sea."]],
        ["Danube", ["The Danube reaches the Black Sea."]],
    ],
}
EASY = {**RIVER, "_id": "a2", "level": "easy"}


def _hotpot(folder: Path, *records: Any) -> Path:
    path = folder / hotpotqa.FILE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(records))
    return folder


async def test_hotpotqa_is_answered_by_searching(tmp_path: Path) -> None:
    (problem,) = hotpotqa.problems(_hotpot(tmp_path, RIVER, EASY))
    look = "<execute>\nprint(wikipedia_search('Rhine sea'))\n</execute>"
    agent = Agent(
        model=ScriptedModel([look, "<solution>the North Sea</solution>"]), format=by_name("code")
    )
    lived = await rollout(agent, problem.task, kernel)
    assert lived.steps[0].observation.text.startswith("Rhine: The Rhine reaches the North Sea.")
    assert lived.steps[-1].observation.text == RIGHT


def test_a_search_tells_the_best_paragraph_first() -> None:
    context = {"A": "the sea the sea", "B": "a blue whale in the sea", "C": "the hill"}
    assert hotpotqa.search(context, "Blue whale!") == ["B"]
    assert hotpotqa.search(context, "the whale")[0] == "B"
    assert hotpotqa.search(context, "zebra") == []


def test_all_levels_of_hotpotqa_can_be_had(tmp_path: Path) -> None:
    data = _hotpot(tmp_path, RIVER, EASY)
    assert [each.id for each in hotpotqa.questions(data)] == ["a1"]
    assert len(hotpotqa.questions(data, level=None)) == 2


def test_damaged_hotpotqa_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"hotpot_train_v1\.1\.json holds no readable"):
        hotpotqa.questions(_hotpot(tmp_path, {"question": "?"}))


def test_math_is_read_as_it_is_published(tmp_path: Path) -> None:
    for name, level in (("1.json", "Level 5"), ("2.json", "Level 2"), ("3.json", "Level ?")):
        path = tmp_path / competition_math.PUBLIC / "algebra" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {"problem": "Add.", "level": level, "solution": r"\boxed{\frac{1}{2}}"}
        path.write_text(json.dumps(record))
    (problem,) = competition_math.problems(tmp_path)
    assert problem.task.id == "math/algebra/1"


@pytest.mark.parametrize(
    ("wanted", "said", "right"),
    [
        (r"\frac{1}{2}", "0.5", True),
        (r"\frac{1}{2}", r"\boxed{\dfrac12}", True),
        ("10", "10.2", True),  # as MINT judged: within five per cent
        ("10", "11", False),
        ("x+1", "x+2", False),
    ],
)
async def test_results_of_math_are_judged(wanted: str, said: str, right: bool) -> None:
    assert await competition_math.right(wanted, said) is right


def test_no_math_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no training problems of MATH"):
        competition_math.problems(tmp_path)


def test_a_line_of_math_without_an_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / competition_math.PREPARED / "algebra.jsonl"
    path.parent.mkdir()
    path.write_text('{"question": "?", "level": "Level 3"}\n')
    with pytest.raises(DataError, match="line 1 is no problem of MATH"):
        competition_math.problems(tmp_path)


def test_the_same_arguments_give_the_same_problems() -> None:
    first, second = (sources.load("families", count=5, seed=4) for _ in range(2))
    assert [each.task.id for each in first] == [each.task.id for each in second]


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere", "no source named 'nowhere'"), ("math", "reads public files")],
)
def test_a_source_that_cannot_be_had_says_why(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        sources.load(name, count=1)


def test_families_want_to_know_how_many() -> None:
    with pytest.raises(ConfigError, match="never end"):
        sources.load("families")
    with pytest.raises(ConfigError, match="names all families"):
        sources.load("families", count=1, families=["nothing"])


@pytest.mark.parametrize(
    ("name", "count"), [("math", 5586), ("alfworld", 134), ("mint-hotpotqa", 43)]
)
def test_the_public_sources_are_whole(name: str, count: int) -> None:
    named = os.environ.get("CODEACT_DATA")
    if not named:
        pytest.skip("CODEACT_DATA does not name a folder of public data")
    assert len(sources.load(name, data_dir=Path(named))) == count
