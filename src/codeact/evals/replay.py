"""Recorded runs of MINT judged anew from what the model wrote, never from a recorded verdict."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from codeact.errors import DataError
from codeact.evals import replay_alfworld
from codeact.interpreter import Interpreter
from codeact.rollout import OpenInterpreter
from codeact.tasks.alfworld import Layout
from codeact.tasks.alfworld_games import ARCHIVE, games
from codeact.tasks.mint import KINDS, PROPOSALS, STEPS, Question, kernel, proposed, right
from codeact.tasks.mint_graders import options_of

ALFWORLD = "alfworld"
IN_DOMAIN = (ALFWORLD, "math", "hotpotqa")
OUT_OF_DOMAIN = ("gsm8k", "mmlu", "theoremqa", "humaneval", "mbpp")
_SUFFIXES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One recorded run. `replies` are what the model wrote, `shown` what it was told in between;
    `verdict` is the recorded one, None where none is, and used for nothing but a comparison.
    """

    model: str
    kind: str
    id: str
    prompt: str
    reference: Any
    options: Mapping[str, str]
    replies: tuple[str, ...]
    shown: tuple[str, ...]
    cut_short: bool
    verdict: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Runs of one kind of task."""

    n: int
    solved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one model's runs come to.

    `id` and `od` are the paper's micro averages in per cent over the kinds of its training set's
    sources and the others, None without such runs. `disagreements` name the runs whose recorded
    verdict is another one.
    """

    id: float | None
    od: float | None
    kinds: Mapping[str, Count]
    disagreements: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON-able data, the averages with one decimal as in the paper."""
        return {
            "id": None if self.id is None else round(self.id, 1),
            "od": None if self.od is None else round(self.od, 1),
            "kinds": {name: {"n": c.n, "solved": c.solved} for name, c in self.kinds.items()},
            "disagreements": list(self.disagreements),
        }


async def replay(
    folder: Path,
    *,
    data_dir: Path | None = None,
    concurrency: int = 4,
    open_interpreter: OpenInterpreter = kernel,
) -> dict[str, Replayed]:
    """Judge all recorded runs under a folder, by model.

    A file's path names its kind of task (`MODEL/gsm8k.jsonl.gz`, `MODEL/…/gsm8k/results.jsonl`);
    the model is the first folder. Proposed programs run in an interpreter. ALFWorld's actions are
    lived again in the public games of `data_dir`, or of a folder of data that `folder` lies in;
    without them in what the record shows of the game, and then a run that its environment ended
    before any limit counts as solved. Raises DataError and InterpreterLost.
    """
    records = list(read(folder))
    if not records:
        raise DataError(f"{folder} holds no recorded runs of MINT (<model>/<kind>.jsonl.gz).")
    layouts = _layouts(folder, data_dir) if any(r.kind == ALFWORLD for r in records) else None
    solved: dict[int, bool] = {}
    waiting = iter(enumerate(records))

    async def work() -> None:
        async with open_interpreter() as interpreter:
            for number, record in waiting:
                if record.kind == ALFWORLD:
                    solved[number] = await _alfworld(record, layouts, open_interpreter)
                else:
                    solved[number] = await _answered(record, interpreter)

    try:
        async with anyio.create_task_group() as group:
            for _ in range(concurrency):
                group.start_soon(work)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return {
        model: _summed([(r, solved[n]) for n, r in enumerate(records) if r.model == model])
        for model in dict.fromkeys(record.model for record in records)
    }


def read(folder: Path) -> Iterator[Record]:
    """The recorded runs under a folder. Raises DataError naming the file and the line."""
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(_SUFFIXES) and path.is_file():
            parts = _parts(path.relative_to(folder))
            kind = next((part for part in reversed(parts) if part in (*KINDS, ALFWORLD)), None)
            if kind is not None:
                model = parts[0] if len(parts) > 1 and parts[0] != kind else folder.resolve().name
                yield from _records(path, model, kind)


def _parts(path: Path) -> tuple[str, ...]:
    return (*path.parts[:-1], path.name.partition(".")[0])


def _records(path: Path, model: str, kind: str) -> Iterator[Record]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        yield _record(model, kind, json.loads(line))
                    except (ValueError, KeyError, TypeError, AttributeError) as error:
                        where = f"{path}, line {number}"
                        raise DataError(f"{where} is no recorded run: {error!r}") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _record(model: str, kind: str, line: Mapping[str, Any]) -> Record:
    state, task = line["state"], line["task"]
    history = state["history"][1:]
    prompt = str(task["prompt"])
    verdict = state.get("success")
    return Record(
        model=model,
        kind=kind,
        id=str(task["task_id"]),
        prompt=prompt,
        reference=task["reference"],
        options=options_of(prompt) if kind == "mmlu" else {},
        replies=tuple(each["content"] for each in history if each["role"] == "assistant"),
        shown=tuple(each["content"] for each in history if each["role"] == "user"),
        cut_short=bool(history) and history[-1]["role"] != "assistant",
        verdict=verdict if isinstance(verdict, bool) else None,
    )


async def _alfworld(
    record: Record, layouts: Mapping[str, Layout] | None, open_interpreter: OpenInterpreter
) -> bool:
    return await replay_alfworld.solved(
        record.id,
        record.prompt,
        str(record.reference),
        record.replies,
        record.shown,
        cut_short=record.cut_short,
        layouts=layouts,
        open_interpreter=open_interpreter,
    )


async def _answered(record: Record, interpreter: Interpreter) -> bool:
    """Whether one of the solutions that the rules allow is right."""
    question = Question(
        kind=next(kind for kind in KINDS if kind == record.kind),
        id=record.id,
        prompt=record.prompt,
        reference=record.reference,
        options=record.options,
    )
    for solution in proposals(record.replies):
        if solution and await right(question, solution, interpreter):
            return True
    return False


def proposals(replies: Sequence[str]) -> list[str]:
    """What the replies propose, within the limits of steps and proposals; "" is one gone wrong."""
    found = [proposed(reply) for reply in replies[:STEPS]]
    return [solution for solution in found if solution is not None][:PROPOSALS]


def _layouts(folder: Path, data_dir: Path | None) -> dict[str, Layout] | None:
    """The public games, None where they are not at hand. Raises DataError for damaged ones."""
    here = folder.resolve()
    for place in (here.parent, here.parent.parent) if data_dir is None else (data_dir, here.parent):
        if (place / ARCHIVE).exists():
            return games(place)
    return None


def _summed(judged: Sequence[tuple[Record, bool]]) -> Replayed:
    counts = {}
    for kind in (*IN_DOMAIN, *OUT_OF_DOMAIN):
        of_kind = [solved for record, solved in judged if record.kind == kind]
        if of_kind:
            counts[kind] = Count(n=len(of_kind), solved=sum(of_kind))
    return Replayed(
        id=_share(counts, IN_DOMAIN),
        od=_share(counts, OUT_OF_DOMAIN),
        kinds=counts,
        disagreements=tuple(
            f"{record.kind}/{record.id}"
            for record, solved in judged
            if record.verdict is not None and record.verdict is not solved
        ),
    )


def _share(counts: Mapping[str, Count], kinds: Sequence[str]) -> float | None:
    """Per cent of all runs of these kinds, each run counted once."""
    n = sum(counts[kind].n for kind in kinds if kind in counts)
    return 100 * sum(counts[kind].solved for kind in kinds if kind in counts) / n if n else None
