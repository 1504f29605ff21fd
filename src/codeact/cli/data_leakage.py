"""Reports which questions of benchmarks stand in training data."""

from __future__ import annotations

import dataclasses
import json as json_text
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from codeact.cli.evaluation import failure
from codeact.cli.harmless import clean
from codeact.data.conversations import Conversation
from codeact.data.layouts import read
from codeact.data.leakage import leakage
from codeact.errors import CodeActError, ConfigError
from codeact.tasks import mint, public_sets

M3TOOLEVAL = "m3tooleval"
SHOWN = 5
"""Questions that are named for each benchmark."""

UNKNOWN = "--against {name!r} is neither a file nor one of {known}."
NO_DATA = "--against {name!r} reads public files. Name their folder: --data-dir or CODEACT_DATA."
LINE = "{name}: {leaked} leaked, {touched} touched of {n}"
EXAMPLE = "  {share:4.0%}  {id} in {where}: {example}"


def report(
    files: Sequence[Path], against: Sequence[str], words: int, data_dir: Path | None, *, json: bool
) -> int:
    """Print the overlap; the exit code, 1 where something leaked."""
    try:
        benchmarks = {name: questions(name, data_dir) for name in against}
        found = leakage(_read(files), benchmarks, words=words)
    except CodeActError as error:
        return failure(error)
    if json:
        record = [{**dataclasses.asdict(each), "leaked": each.leaked} for each in found]
        sys.stdout.write(json_text.dumps(record, indent=1, ensure_ascii=False) + "\n")
        return int(any(each.leaked for each in found))
    for each in found:
        touched = len(each.touched)
        _say(LINE.format(name=each.benchmark, leaked=each.leaked, touched=touched, n=each.n))
        for hit in each.touched[:SHOWN]:
            _say(EXAMPLE.format(share=hit.share, id=hit.id, where=hit.where, example=hit.example))
    return int(any(each.leaked for each in found))


def questions(name: str, data_dir: Path | None) -> list[tuple[str, str]]:
    """The questions of a benchmark by their ids. Raises ConfigError, DataError."""
    if name == M3TOOLEVAL:
        from codeact.evals.m3tooleval import M3ToolEval

        exercises = M3ToolEval(edition="own", data_dir=None).exercises
        return [(id, each.instruction) for id, each in exercises.items()]
    if Path(name).is_file():
        lines = Path(name).read_text(encoding="utf-8").splitlines()
        return [(str(number), line) for number, line in enumerate(lines, 1) if line.strip()]
    kinds = {f"mint-{kind}": kind for kind in mint.KINDS}
    known = (M3TOOLEVAL, *public_sets.NAMES, *kinds)
    if name not in known:
        raise ConfigError(UNKNOWN.format(name=name, known=", ".join(known)))
    if data_dir is None:
        raise ConfigError(NO_DATA.format(name=name))
    if name in kinds:
        return [(each.id, each.prompt) for each in mint.questions(data_dir, [kinds[name]])]
    chosen = next(each for each in public_sets.NAMES if each == name)
    return [(each.id, each.prompt) for each in public_sets.items(chosen, data_dir)]


def _read(files: Sequence[Path]) -> Iterator[Conversation]:
    for file in files:
        yield from read(file)


def _say(text: str) -> None:
    sys.stdout.write(clean(text) + "\n")
