"""GSM8K, GSM-Hard, MATH, HumanEval and MBPP as tasks, from a folder of their public files."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from codeact.errors import DataError
from codeact.formats import ActionFormat
from codeact.messages import Message
from codeact.observations import Observation
from codeact.prompt import system_prompt
from codeact.rollout import OpenInterpreter, Task, World
from codeact.tasks.latex import boxed, same
from codeact.tasks.mint import kernel
from codeact.tasks.unit_tests import passes
from codeact.tools import Toolbox

SetName = Literal["gsm8k", "gsm_hard", "math", "humaneval", "mbpp"]
Judge = Callable[[str], Awaitable[bool]]
Run = Callable[..., Awaitable[bool]]

NAMES: tuple[SetName, ...] = get_args(SetName)
FILES: Mapping[SetName, str] = {
    "gsm8k": "gsm8k/test.jsonl",
    "gsm_hard": "gsm_hard/gsmhardv2.jsonl",
    "math": "math/test.jsonl",
    "humaneval": "humaneval/HumanEval.jsonl.gz",
    "mbpp": "mbpp/mbpp.jsonl",
}

NUMBER = "Answer with the number alone."
BOXED = "Answer with the result alone, in LaTeX, between \\boxed{ and }."
PROGRAM = "Answer with the whole program in one block of Python, nothing else."
COMPLETE = "Complete this function.\n\n{prompt}"
MUST_PASS = "{text}\n\nIt must pass:\n{tests}"
HEARD = "Thank you."

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_FENCE = re.compile(r"```(?:python|py)?\s*\n(.*?)```", re.DOTALL)
_NEAR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question with the judge of its answers."""

    id: str
    set: SetName
    prompt: str
    judge: Judge


@dataclass(frozen=True, slots=True)
class Listener:
    """The user who takes the first answer and says nothing about it."""

    async def hear(self, answer: str) -> Observation:
        return Observation(text=HEARD, source="user", done=True)


def items(
    name: SetName, data_dir: Path, *, open_interpreter: OpenInterpreter = kernel
) -> list[Item]:
    """The questions of a set. `open_interpreter` is for judging programs. Raises DataError."""
    path = data_dir / FILES[name]
    found = []
    for number, record in enumerate(_lines(path)):
        try:
            found.append(_item(name, number, record, open_interpreter))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"{path}, line {number + 1} is no question: {error!r}") from error
    return found


def tasks(name: SetName, data_dir: Path) -> list[Task]:
    """The questions of a set as tasks; their first answer counts, `Item.judge` judges it.

    Raises DataError.
    """
    return [
        Task(id=each.id, domain=name, prompt=partial(_prompt, each.prompt), open=_open)
        for each in items(name, data_dir)
    ]


def last_number(text: str) -> float | None:
    """The last number that a text writes, thousands with or without commas."""
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None


def program_of(answer: str) -> str:
    """The program of an answer: its fenced blocks, or all of it."""
    blocks = _FENCE.findall(answer)
    return "\n".join(blocks) if blocks else answer


def _lines(path: Path) -> list[Any]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _item(name: SetName, number: int, record: Any, open_interpreter: OpenInterpreter) -> Item:
    prompt, judge = _READERS[name](record, partial(_passes, open_interpreter))
    return Item(id=f"{name}/{number}", set=name, prompt=prompt, judge=judge)


def _gsm8k(record: Any, run: Run) -> tuple[str, Judge]:
    wanted = float(record["answer"].rpartition("####")[2].replace(",", ""))
    return f"{record['question']}\n\n{NUMBER}", partial(_is_number, wanted)


def _gsm_hard(record: Any, run: Run) -> tuple[str, Judge]:
    return f"{record['input']}\n\n{NUMBER}", partial(_is_number, float(record["target"]))


def _math(record: Any, run: Run) -> tuple[str, Judge]:
    result = boxed(record["solution"]) or record["solution"].rpartition("\\boxed")[2]
    return f"{record['problem']}\n\n{BOXED}", partial(_is_result, result)


def _humaneval(record: Any, run: Run) -> tuple[str, Judge]:
    entry = record["entry_point"]
    before = record["prompt"].partition(f"def {entry}(")[0]
    asked = COMPLETE.format(prompt=record["prompt"])
    return f"{asked}\n\n{PROGRAM}", partial(run, before, f"{record['test']}\ncheck({entry})")


def _mbpp(record: Any, run: Run) -> tuple[str, Judge]:
    tests = "\n".join(record["test_list"])
    asked = MUST_PASS.format(text=record["text"], tests=tests)
    return f"{asked}\n\n{PROGRAM}", partial(run, record.get("test_setup_code", ""), tests)


_READERS: Mapping[SetName, Callable[[Any, Run], tuple[str, Judge]]] = {
    "gsm8k": _gsm8k,
    "gsm_hard": _gsm_hard,
    "math": _math,
    "humaneval": _humaneval,
    "mbpp": _mbpp,
}


async def _is_number(wanted: float, answer: str) -> bool:
    given = last_number(answer)
    return given is not None and math.isclose(given, wanted, rel_tol=_NEAR, abs_tol=_NEAR)


async def _is_result(wanted: str, answer: str) -> bool:
    return same(boxed(answer) or answer, wanted)


async def _passes(open_interpreter: OpenInterpreter, before: str, tests: str, answer: str) -> bool:
    async with open_interpreter() as interpreter:
        return await passes(interpreter, f"{before}\n{program_of(answer)}", tests)


def _prompt(asked: str, format: ActionFormat, toolbox: Toolbox) -> Sequence[Message]:
    return (system_prompt(format, toolbox), Message(role="user", content=asked))


def _open() -> World:
    return World(user=Listener())
