"""Recorded runs of MINT as their public files hold them, one JSON line a run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact.errors import DataError
from codeact.tasks.mint import KINDS
from codeact.tasks.mint_graders import options_of

ALFWORLD = "alfworld"
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
