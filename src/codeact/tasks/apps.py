"""APPS as tasks: programs to be written, judged by their tests in an interpreter of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from codeact.errors import DataError
from codeact.rollout import OpenInterpreter
from codeact.tasks.mint import kernel
from codeact.tasks.problems import Asked, Problem, examined
from codeact.tasks.program_cases import Case, passes_cases
from codeact.tasks.public_sets import program_of

LINES = "apps/train.jsonl"
"""One JSON line a problem, as data hubs offer it."""
FOLDER = "apps/train"
"""One folder a problem, as the authors publish it."""

ASKED = "{question}\n\n{how}"
READS = (
    "The solution is a whole Python program that reads the standard input and writes the "
    "standard output."
)
DEFINES = "The solution is Python code that defines `{name}`; it is called with the arguments."
STARTS = "It begins like this:\n{starter}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`name` is the function to define, None for a program that reads and writes."""

    id: str
    text: str
    cases: tuple[Case, ...]
    name: str | None = None
    starter: str = ""


def questions(data_dir: Path) -> list[Question]:
    """The problems that have tests, of either layout. Raises DataError."""
    found = []
    for place, record in _records(data_dir):
        try:
            tests = record["input_output"]
            if isinstance(tests, str):
                tests = json.loads(tests) if tests.strip() else {}
            if tests and tests.get("inputs"):
                found.append(_question(record, tests))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{place} is no problem of APPS: {error!r}") from error
    return found


def problems(data_dir: Path, *, open_interpreter: OpenInterpreter = kernel) -> list[Problem]:
    """The problems as tasks. `open_interpreter` is for judging programs. Raises DataError."""
    return [
        examined(f"apps/{each.id}", "apps", partial(_ask, each, open_interpreter))
        for each in questions(data_dir)
    ]


async def right(question: Question, open_interpreter: OpenInterpreter, answer: str) -> bool:
    """Whether the program passes all its tests, each in a process of its own."""
    async with open_interpreter() as interpreter:
        return await passes_cases(
            interpreter, program_of(answer), question.cases, name=question.name
        )


def _records(data_dir: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    lines, folder = data_dir / LINES, data_dir / FOLDER
    try:
        if lines.is_file():
            with lines.open(encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    yield f"{lines}, line {number}", json.loads(line)
            return
        names = sorted(path for path in folder.iterdir() if path.is_dir())
        for path in names:
            if (path / "input_output.json").is_file():
                starter = path / "starter_code.py"
                yield (
                    str(path),
                    {
                        "problem_id": path.name,
                        "question": (path / "question.txt").read_text(encoding="utf-8"),
                        "input_output": (path / "input_output.json").read_text(encoding="utf-8"),
                        "starter_code": starter.read_text("utf-8") if starter.is_file() else "",
                    },
                )
    except (OSError, ValueError) as error:
        raise DataError(f"{data_dir} holds no readable APPS ({LINES}): {error}") from error


def _question(record: Mapping[str, Any], tests: Mapping[str, Any]) -> Question:
    name = tests.get("fn_name")
    pairs = zip(tests["inputs"], tests["outputs"], strict=True)
    return Question(
        id=str(record.get("problem_id", record.get("id"))),
        text=str(record["question"]).strip(),
        cases=tuple(_case(given, wanted, name) for given, wanted in pairs),
        name=name,
        starter=str(record.get("starter_code") or ""),
    )


def _case(given: Any, wanted: Any, name: str | None) -> Case:
    """A text in and a text out, or arguments and a result, which some problems wrap in a list."""
    if name is None:
        return Case(given=_lines(given), wanted=_lines(wanted))
    return Case(given=list(given), wanted=wanted)


def _lines(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "\n".join(map(str, value))


def _ask(question: Question, open_interpreter: OpenInterpreter) -> Asked:
    how = READS if question.name is None else DEFINES.format(name=question.name)
    if question.starter.strip():
        how = f"{how}\n{STARTS.format(starter=question.starter.rstrip())}"
    return Asked(
        text=ASKED.format(question=question.text, how=how),
        judge=partial(right, question, open_interpreter),
    )
