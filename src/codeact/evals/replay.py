"""Recorded runs of MINT judged anew from what the model wrote, never from a recorded verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from codeact.tasks.mint_records import ALFWORLD, Record, read

IN_DOMAIN = (ALFWORLD, "math", "hotpotqa")
OUT_OF_DOMAIN = ("gsm8k", "mmlu", "theoremqa", "humaneval", "mbpp")


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
    """Judge all recorded runs under a folder, by model; as `judged`, summed up."""
    return summed(
        await judged(
            folder, data_dir=data_dir, concurrency=concurrency, open_interpreter=open_interpreter
        )
    )


def summed(found: Sequence[tuple[Record, bool]]) -> dict[str, Replayed]:
    """Judged runs, by model."""
    models = dict.fromkeys(record.model for record, _ in found)
    return {model: _of_one([each for each in found if each[0].model == model]) for model in models}


async def judged(
    folder: Path,
    *,
    data_dir: Path | None = None,
    concurrency: int = 4,
    open_interpreter: OpenInterpreter = kernel,
) -> list[tuple[Record, bool]]:
    """All recorded runs under a folder, and whether each solved its task.

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
    return [(record, solved[number]) for number, record in enumerate(records)]


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


def _of_one(judged: Sequence[tuple[Record, bool]]) -> Replayed:
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
