"""MINT's questions with their graders, and as tasks: five steps, two proposed solutions."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from codeact.errors import DataError
from codeact.formats import ActionFormat
from codeact.interpreter import Interpreter
from codeact.messages import Message
from codeact.observations import Observation
from codeact.prompt import system_prompt
from codeact.rollout import OpenInterpreter, Task, World
from codeact.tasks.mint_graders import chosen, near_or_contained, options_of, theorem
from codeact.tasks.unit_tests import SECONDS, passes
from codeact.tools import EMPTY, Toolbox

Kind = Literal["gsm8k", "math", "theoremqa", "mmlu", "hotpotqa", "humaneval", "mbpp"]

Judge = Callable[[str], Awaitable[bool]]
"""Whether a solution, as it was proposed, is right."""

KINDS: tuple[Kind, ...] = get_args(Kind)
STEPS = 5
"""Replies that a run may take, whatever they hold."""
PROPOSALS = 2
"""Solutions that a run may propose."""

RULES = """\
You have {steps} turns in all. When you know the solution, propose it between <solution> and \
</solution>; you may do so {proposals} times.\
"""
RIGHT = "That solution is correct."
WRONG = "That solution is wrong. You may propose {left} more."
SPENT = "That solution is wrong, and it was the last one that you may propose."
UNMARKED = (
    "Nothing was proposed: no text stands between <solution> and </solution>. Write the solution "
    "alone between these marks, or run code to find it."
)
_LEADS: Mapping[Kind, str] = {
    "theoremqa": "Answer with a number, a list of numbers, True or False.\n\n",
    "humaneval": "Complete this code; the solution is the whole function with its imports:\n\n",
}
_SOLUTION = re.compile(r"<solution>(.*?)</solution>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; `reference` is the answer, or the unit tests of a program. `gold` is a right
    solution as it would be proposed, None where the data has none.
    """

    kind: Kind
    id: str
    prompt: str
    reference: Any
    options: Mapping[str, str] = field(default_factory=dict)
    gold: str | None = None


def kernel() -> AbstractAsyncContextManager[Interpreter]:
    """A walled kernel of its own for the programs that are judged, in a fresh folder; errors
    are told plainly.
    """
    from codeact.interpreter.opening import open_interpreter

    return open_interpreter(timeout=SECONDS + 5, self_debug=False)


def proposed(reply: str) -> str | None:
    """What stands between the marks of a solution, several joined by line breaks; None for a reply
    that does not open one, "" for one that leaves it empty or open.
    """
    if "<solution>" not in reply:
        return None
    return "\n".join(found.strip() for found in _SOLUTION.findall(reply))


def runs_code(kind: Kind) -> bool:
    """Whether judging a solution runs it."""
    return kind in ("humaneval", "mbpp")


async def right(question: Question, answer: str, interpreter: Interpreter | None = None) -> bool:
    """Whether the answer is right, as MINT judged. A program needs the interpreter, in which it
    runs in a process of its own.

    Raises InterpreterLost.
    """
    if runs_code(question.kind):
        assert interpreter is not None
        return await passes(interpreter, answer, question.reference)
    return agrees(question, answer)


def agrees(question: Question, answer: str) -> bool:
    """Whether the answer is right, as MINT judged, where judging runs no code."""
    match question.kind:
        case "gsm8k" | "math" | "hotpotqa":
            return near_or_contained(question.reference, answer)
        case "theoremqa":
            return theorem(question.reference, answer)
        case "mmlu":
            return chosen(question.reference, question.options, answer)
        case "humaneval" | "mbpp":
            raise ValueError(f"A solution of {question.kind} is judged by running it.")


def questions(data_dir: Path, kinds: Sequence[Kind] = KINDS) -> list[Question]:
    """The questions of a folder of public data, in `mint/<kind>.jsonl`. Raises DataError."""
    found = []
    for kind in kinds:
        path = data_dir / "mint" / f"{kind}.jsonl"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error}") from error
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                found.append(_question(kind, record))
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{path}, line {number} is no question: {error!r}") from error
    return found


def tasks(
    data_dir: Path,
    kinds: Sequence[Kind] = KINDS,
    *,
    toolbox: Toolbox = EMPTY,
    open_interpreter: OpenInterpreter = kernel,
) -> list[Task]:
    """The questions as tasks, each heard by a grader. `open_interpreter` is for judging programs.

    Raises DataError.
    """
    return [
        task(question, toolbox=toolbox, open_interpreter=open_interpreter)
        for question in questions(data_dir, kinds)
    ]


def task(
    question: Question, *, toolbox: Toolbox = EMPTY, open_interpreter: OpenInterpreter = kernel
) -> Task:
    """One question as a task."""
    return Task(
        id=f"{question.kind}/{question.id}",
        domain=question.kind,
        prompt=partial(_prompt, question),
        open=partial(_open, question, toolbox, open_interpreter),
    )


class Examiner:
    """The user who hears proposed solutions and has them judged, `PROPOSALS` at most."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._left = PROPOSALS

    async def hear(self, answer: str) -> Observation:
        solution = proposed(answer)
        if not solution:
            return Observation(text=UNMARKED, source="user", ok=False, error="unmarked")
        self._left -= 1
        if await self._judge(solution):
            return Observation(text=RIGHT, source="user", done=True)
        if not self._left:
            return Observation(text=SPENT, source="user", done=True)
        return Observation(text=WRONG.format(left=self._left), source="user")


class Proposals(Examiner):
    """The one who judges solutions of a question as MINT did."""

    def __init__(self, question: Question, open_interpreter: OpenInterpreter = kernel) -> None:
        super().__init__(partial(_judged, question, open_interpreter))


async def _judged(question: Question, open_interpreter: OpenInterpreter, solution: str) -> bool:
    if not runs_code(question.kind):
        return await right(question, solution)
    async with open_interpreter() as interpreter:
        return await right(question, solution, interpreter)


def _question(kind: Kind, record: Mapping[str, Any]) -> Question:
    prompt = str(record["prompt"])
    if kind == "mbpp":
        prompt = prompt.replace('"""', "").strip()
    return Question(
        kind=kind,
        id=str(record["id"]),
        prompt=_LEADS.get(kind, "") + prompt,
        reference=record["reference"],
        options=options_of(prompt) if kind == "mmlu" else {},
        gold=_gold(kind, record),
    )


def _gold(kind: Kind, record: Mapping[str, Any]) -> str | None:
    match kind:
        case "humaneval":
            body = record.get("canonical_solution")
            return None if body is None else f"{record['prompt']}\n{body}"
        case "mbpp":
            return record.get("code")
        case "gsm8k" | "math" | "theoremqa" | "mmlu" | "hotpotqa":
            return str(record["reference"])


def _prompt(question: Question, format: ActionFormat, toolbox: Toolbox) -> Sequence[Message]:
    rules = RULES.format(steps=STEPS, proposals=PROPOSALS)
    asked = Message(role="user", content=f"{question.prompt}\n\n{rules}")
    return (system_prompt(format, toolbox), asked)


def _open(question: Question, toolbox: Toolbox, open_interpreter: Callable[[], Any]) -> World:
    return World(toolbox=toolbox, user=Proposals(question, open_interpreter))
