"""GSM8K, GSM-Hard, MATH, HumanEval and MBPP as tasks, from a folder of their public files."""

from __future__ import annotations

import dataclasses
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
    """One question with the judge of its answers. `agrees` judges the same at once, None where
    judging runs code; `gold` is a right answer; `topic` and `split` are the data's own, where it
    has them.
    """

    id: str
    set: SetName
    prompt: str
    judge: Judge
    agrees: Callable[[str], bool] | None = None
    gold: str = ""
    topic: str = ""
    split: str = ""


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
    return _READERS[name](f"{name}/{number}", record, partial(_passes, open_interpreter))


def _gsm8k(id: str, record: Any, run: Run) -> Item:
    gold = record["answer"].rpartition("####")[2].strip()
    agrees = partial(_is_number, float(gold.replace(",", "")))
    return _stated(id, "gsm8k", f"{record['question']}\n\n{NUMBER}", agrees, gold)


def _gsm_hard(id: str, record: Any, run: Run) -> Item:
    wanted = float(record["target"])
    asked = f"{record['input']}\n\n{NUMBER}"
    return _stated(id, "gsm_hard", asked, partial(_is_number, wanted), repr(wanted))


def _math(id: str, record: Any, run: Run) -> Item:
    result = boxed(record["solution"]) or record["solution"].rpartition("\\boxed")[2]
    asked = f"{record['problem']}\n\n{BOXED}"
    gold = f"\\boxed{{{result}}}"
    item = _stated(id, "math", asked, partial(_is_result, result), gold)
    return dataclasses.replace(item, topic=str(record.get("type", "")))


def _humaneval(id: str, record: Any, run: Run) -> Item:
    entry = record["entry_point"]
    before = record["prompt"].partition(f"def {entry}(")[0]
    asked = COMPLETE.format(prompt=record["prompt"])
    judge = partial(run, before, f"{record['test']}\ncheck({entry})")
    gold = f"{record['prompt']}{record.get('canonical_solution', '')}"
    prompt = f"{asked}\n\n{PROGRAM}"
    return Item(id=id, set="humaneval", prompt=prompt, judge=judge, gold=_fenced(gold))


def _mbpp(id: str, record: Any, run: Run) -> Item:
    tests = "\n".join(record["test_list"])
    setup = record.get("test_setup_code", "")  # may use what the program defines
    asked = MUST_PASS.format(text=record["text"], tests=tests)
    return Item(
        id=id,
        set="mbpp",
        prompt=f"{asked}\n\n{PROGRAM}",
        judge=partial(run, "", f"{setup}\n{tests}"),
        gold=_fenced(record.get("code", "").replace("\r\n", "\n")),
        split=_split(int(record.get("task_id", 0))),
    )


_READERS: Mapping[SetName, Callable[[str, Any, Run], Item]] = {
    "gsm8k": _gsm8k,
    "gsm_hard": _gsm_hard,
    "math": _math,
    "humaneval": _humaneval,
    "mbpp": _mbpp,
}


def _stated(id: str, name: SetName, asked: str, agrees: Callable[[str], bool], gold: str) -> Item:
    """A question whose answer is looked at, not run."""

    async def judge(answer: str) -> bool:
        return agrees(answer)

    return Item(id=id, set=name, prompt=asked, judge=judge, agrees=agrees, gold=gold)


def _fenced(program: str) -> str:
    return f"```python\n{program}\n```"


def _split(number: int) -> str:
    """MBPP's parts by task number, as its authors divided it."""
    bounds = (("prompt", 10), ("test", 510), ("validation", 600))
    return next((name for name, last in bounds if number <= last), "train")


def _is_number(wanted: float, answer: str) -> bool:
    given = last_number(answer)
    return given is not None and math.isclose(given, wanted, rel_tol=_NEAR, abs_tol=_NEAR)


def _is_result(wanted: str, answer: str) -> bool:
    return same(boxed(answer) or answer, wanted)


async def _passes(open_interpreter: OpenInterpreter, before: str, tests: str, answer: str) -> bool:
    async with open_interpreter() as interpreter:
        return await passes(interpreter, f"{before}\n{program_of(answer)}", tests)


def _prompt(asked: str, format: ActionFormat, toolbox: Toolbox) -> Sequence[Message]:
    return (system_prompt(format, toolbox), Message(role="user", content=asked))


def _open() -> World:
    return World(user=Listener())
