"""GSM8K, GSM-Hard, MATH, HumanEval and MBPP: read from their files and judged."""

from __future__ import annotations

import gzip
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
from codeact.tasks.latex import boxed, same
from codeact.tasks.mint import kernel
from codeact.tasks.public_sets import FILES, NAMES, SetName, items, last_number, tasks
from codeact.tools import EMPTY

pytestmark = pytest.mark.anyio

HUMANEVAL = {
    "prompt": "import math\n\ndef half(n):\n    ...\n",
    "entry_point": "half",
    "test": "def check(f):\n    assert f(4) == 2\n    assert math.pi",
}
MBPP = {"text": "Double it.", "test_list": ["assert double(2) == 4"], "test_setup_code": ""}


def _data(folder: Path, name: SetName, record: Any) -> Path:
    path = folder / FILES[name]
    path.parent.mkdir(parents=True)
    line = (json.dumps(record) + "\n").encode()
    path.write_bytes(gzip.compress(line) if path.suffix == ".gz" else line)
    return folder


@pytest.mark.parametrize(
    ("name", "record", "right", "wrong"),
    [
        ("gsm8k", {"question": "?", "answer": "So.\n#### 1,200"}, "It is 1200.", "120"),
        ("gsm_hard", {"input": "?", "target": -98.5}, "-98.5", "98.5"),
        ("math", {"problem": "?", "solution": r"It is $\boxed{\dfrac{1}{2}}$."}, "0.5", "2"),
        ("humaneval", HUMANEVAL, "```python\ndef half(n):\n    return n // 2\n```", "half = abs"),
        ("mbpp", MBPP, "double = lambda n: 2 * n", "double = abs"),
    ],
)
async def test_an_answer_is_judged_by_its_set(
    tmp_path: Path, name: SetName, record: Any, right: str, wrong: str
) -> None:
    (item,) = items(name, _data(tmp_path, name, record))
    assert item.id == f"{name}/0"
    assert await item.judge(right)
    assert not await item.judge(wrong)


async def test_a_tasks_first_answer_ends_it(tmp_path: Path) -> None:
    (task,) = tasks("gsm8k", _data(tmp_path, "gsm8k", {"question": "Sum?", "answer": "#### 4"}))
    assert "Sum?" in task.prompt(by_name("code"), EMPTY)[-1].content
    agent = Agent(model=ScriptedModel(["It is 4."]), format=by_name("code"))
    assert (await rollout(agent, task, kernel)).answer == "It is 4."


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        items("math", tmp_path)


def test_a_line_that_lacks_a_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1 is no question"):
        items("math", _data(tmp_path, "math", {"problem": "?"}))


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,200 ducks", 1200.0), ("from 3 to -4.5", -4.5), ("2e3", 2000.0), ("none", None)],
)
def test_the_last_number_counts(text: str, number: float | None) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\frac12", r"\dfrac{1}{2}"),
        (r"\frac{1}2", "1/2"),
        ("0.5", r"\frac{1}{2}"),
        (r"-\frac{3}{4}", "-0.75"),
        (r"10\text{ cm}", "10"),
        (r"\text{Monday}", "Monday"),
        (r"\left( 9, 3 \right)", "(9,3)"),
        (r"\$1,200", "1200"),
        (r"90^\circ", "90"),
        ("x = 5", "5"),
        (r"\sqrt2", r"\sqrt{2}"),
    ],
)
def test_two_spellings_say_the_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), [("5", "6"), ("(1,2)", "(2,1)"), ("x", "y"), ("", "0")])
def test_two_different_answers_stay_different(one: str, other: str) -> None:
    assert not same(one, other)


def test_the_last_box_is_opened_to_its_own_brace() -> None:
    assert boxed(r"\boxed{1} and \boxed{\frac{1}{2}} .") == r"\frac{1}{2}"
    assert boxed(r"\boxed{1") is None
    assert boxed("1") is None


def test_the_public_sets_are_whole() -> None:
    named = os.environ.get("CODEACT_DATA")
    if not named:
        pytest.skip("CODEACT_DATA does not name a folder of public data")
    assert [len(items(name, Path(named))) for name in NAMES] == [1319, 1319, 5000, 164, 974]
