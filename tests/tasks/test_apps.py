"""APPS: read in both layouts, and programs judged by running them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import DataError
from codeact.formats import by_name
from codeact.tasks.apps import FOLDER, LINES, Question, problems, questions, right
from codeact.tasks.mint import kernel
from codeact.tasks.program_cases import Case, passes_cases, same_text

pytestmark = pytest.mark.anyio

READS = {"inputs": ["1 2\n", "3 4\n"], "outputs": ["3\n", "7\n"]}
CALLED = {"fn_name": "add", "inputs": [[1, 2]], "outputs": [3]}
ADD = "a, b = map(int, input().split())\nprint(a + b)"


def _lines(folder: Path, *tests: Any) -> Path:
    path = folder / LINES
    path.parent.mkdir(parents=True)
    records = [
        {"problem_id": n, "question": "Add.", "input_output": json.dumps(each), "starter_code": ""}
        for n, each in enumerate(tests)
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return folder


def test_both_layouts_hold_the_same(tmp_path: Path) -> None:
    place = tmp_path / "b" / FOLDER / "0000"
    place.mkdir(parents=True)
    (place / "question.txt").write_text("Add.\n")
    (place / "input_output.json").write_text(json.dumps(READS))
    (place.parent / "0001").mkdir()  # has no tests
    (by_line,) = questions(_lines(tmp_path / "a", READS, {}))
    (by_folder,) = questions(tmp_path / "b")
    assert (
        by_line.cases
        == by_folder.cases
        == (
            Case(given="1 2\n", wanted="3\n"),
            Case(given="3 4\n", wanted="7\n"),
        )
    )
    assert (by_line.id, by_folder.id) == ("0", "0000")


@pytest.mark.parametrize(
    ("program", "passed"),
    [
        (ADD, True),
        (f"```python\n{ADD}\n```", True),
        ("print(3)", False),
        ("while True: pass", False),
        ("import os; os._exit(0)", False),
        ("print(3", False),
        ("if __name__ == '__main__':\n    print(sum(map(int, input().split())))", True),
    ],
)
async def test_programs_are_judged_by_what_they_write(
    tmp_path: Path, program: str, passed: bool
) -> None:
    (question,) = questions(_lines(tmp_path, READS))
    assert await right(question, kernel, program) is passed


@pytest.mark.parametrize(
    ("program", "passed"),
    [
        ("def add(a, b):\n    print('noise')\n    return a + b", True),
        ("class Solution:\n    def add(self, a, b):\n        return a + b", True),
        ("def add(a, b):\n    return 4", False),
        ("def plus(a, b):\n    return 3", False),
        ("print(3)\nraise SystemExit", False),
    ],
)
async def test_functions_are_judged_by_what_they_return(
    tmp_path: Path, program: str, passed: bool
) -> None:
    (question,) = questions(_lines(tmp_path, CALLED))
    assert question.name == "add"
    assert await right(question, kernel, program) is passed


async def test_a_result_in_a_list_of_its_own_counts() -> None:
    question = Question(id="0", text="", cases=(Case(given=[1], wanted=[[1, 1]]),), name="twice")
    assert await right(question, kernel, "def twice(n):\n    return [n, n]")


async def test_long_outputs_are_compared_whole() -> None:
    wanted = "".join(f"{n} é\n" for n in range(5_000))
    program = "for n in range(5_000): print(n, 'é')"
    async with kernel() as interpreter:
        assert await passes_cases(interpreter, program, [Case(given="", wanted=wanted)])
        other = wanted.replace("4321", "4322", 1)
        assert not await passes_cases(interpreter, program, [Case(given="", wanted=other)])


@pytest.mark.parametrize(
    ("given", "wanted", "equal"),
    [
        ("1  2 \n\n", "1 2", True),
        ("0.5", "0.50000000001", True),
        ("1\n2", "1 2", False),
        ("yes", "Yes", False),
        ("", "\n", True),
    ],
)
def test_texts_are_compared_line_by_line(given: str, wanted: str, equal: bool) -> None:
    assert same_text(given, wanted) is equal


def test_a_function_is_named_in_the_prompt(tmp_path: Path) -> None:
    (problem,) = problems(_lines(tmp_path, CALLED))
    toolbox = problem.task.open().toolbox
    assert "defines `add`" in problem.task.prompt(by_name("code"), toolbox)[-1].content


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1 is no problem of APPS"):
        questions(_lines(tmp_path, {"inputs": ["1"], "outputs": []}))


def test_absent_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no readable APPS"):
        questions(tmp_path)
