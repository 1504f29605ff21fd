"""MATH's training problems as tasks: levels three to five, as the paper's collection used them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from codeact.errors import DataError
from codeact.tasks.latex import boxed, same
from codeact.tasks.mint_graders import near_or_contained
from codeact.tasks.problems import Asked, Problem, examined

PREPARED = "math_train_craft"
"""A folder of JSON lines with question, answer and level, numeric answers only: the paper's."""
PUBLIC = "math/train"
"""A folder of one JSON file a problem, as the data set is published."""
LEVEL = 3

ASKED = "{problem}\n\nThe solution is the result alone."
ABSENT = "{folder} holds no training problems of MATH: neither {prepared}/*.jsonl nor {public}/."


def problems(data_dir: Path, *, level: int = LEVEL) -> list[Problem]:
    """The problems of that level and harder ones. Raises DataError."""
    found = [
        examined(f"math/{id}", "math", partial(_ask, asked, answer))
        for id, asked, answer, hard in _records(data_dir)
        if hard >= level
    ]
    if not found:
        raise DataError(ABSENT.format(folder=data_dir, prepared=PREPARED, public=PUBLIC))
    return found


async def right(wanted: str, answer: str) -> bool:
    """Whether the answer says the same: as MINT judged numbers, or the same in LaTeX."""
    given = boxed(answer) or answer
    return near_or_contained(wanted, given) if _plain(wanted) else same(given, wanted)


def _records(data_dir: Path) -> Iterator[tuple[str, str, str, int]]:
    prepared = sorted((data_dir / PREPARED).glob("*.jsonl"))
    for path in prepared:
        for number, line in enumerate(_text(path).splitlines()):
            place = f"{path}, line {number + 1}"
            asked, answer, level = _read(place, line, "question", "answer")
            yield f"{path.stem}/{number}", asked, answer, level
    for path in [] if prepared else sorted((data_dir / PUBLIC).rglob("*.json")):
        asked, solution, level = _read(str(path), _text(path), "problem", "solution")
        result = boxed(solution)
        if result is not None:
            yield f"{path.parent.name}/{path.stem}", asked, result, level


def _read(place: str, text: str, asked: str, answer: str) -> tuple[str, str, int]:
    try:
        record = json.loads(text)
        return str(record[asked]), str(record[answer]), _level(record)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{place} is no problem of MATH: {error!r}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _level(record: Mapping[str, Any]) -> int:
    """1 to 5, 0 where it is unknown."""
    said = str(record["level"]).removeprefix("Level ")
    return int(said) if said.isdigit() else 0


def _plain(answer: str) -> bool:
    try:
        float(answer)
    except ValueError:
        return False
    return True


def _ask(asked: str, answer: str) -> Asked:
    return Asked(text=ASKED.format(problem=asked), judge=partial(right, answer))
