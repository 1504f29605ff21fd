"""Reports of runs and comparisons of two, from what their folders hold."""

from __future__ import annotations

import dataclasses
import json as json_text
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codeact.cli.evaluation import failure
from codeact.cli.harmless import clean
from codeact.cli.report_screen import show
from codeact.errors import CodeActError, ConfigError
from codeact.evals import Suite
from codeact.evals.catalogue import Choice, as_made, by_graders
from codeact.evals.m3tooleval.editions import EditionName
from codeact.evals.m3tooleval.grader import GraderName
from codeact.evals.m3tooleval.protocol import ProtocolName
from codeact.evals.report import Table, compare_all, compare_formats, summarize
from codeact.evals.results import FIXED, Arm, arm, load, read_manifest, rejudged
from codeact.evals.tables import comparison_tables, document, grader_table, paper_table, tables

NO_PAIR = (
    "There is nothing to compare: A holds {a}, B holds {b}. Name runs that share a model and a "
    "format, or a single file of each."
)
NO_SHARED_TASK = "A and B hold no task in common that was judged in both."
DIFFERENT = "Note: the runs differ in {names}; what follows compares these differences too."
WRITTEN = "Written: {path}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """How trajectories are judged; None is as they were when they were made."""

    grader: GraderName | None = None
    protocol: ProtocolName | None = None
    edition: EditionName | None = None
    data_dir: Path | None = None

    @property
    def choice(self) -> Choice:
        return Choice(
            data_dir=self.data_dir,
            edition=self.edition,
            grader=self.grader,
            protocol=self.protocol,
        )

    def benchmark(self, folder: Path) -> Suite:
        """Raises ConfigError, DataError."""
        return as_made(read_manifest(folder), self.choice)


def show_report(
    folder: Path, judging: Judging, *, html: Path | None, markdown: Path | None, json: bool
) -> int:
    """Print the tables, or write them; the exit code."""
    try:
        benchmark = judging.benchmark(folder)
        arms = load(folder, benchmark)
        more = _by_grader(arms, by_graders(benchmark, judging.choice))
    except CodeActError as error:
        return failure(error)
    rows, comparisons = [summarize(each) for each in arms], compare_formats(arms)
    judged = ", ".join(f"{value} {name}" for name, value in benchmark.settings.items())
    beside = [paper_table(rows)] if benchmark.name == "m3tooleval" else []
    if markdown:
        title = f"{benchmark.title}: {judged}" if judged else benchmark.title
        text = document(rows, comparisons, title=title, more=[*more, *beside])
        markdown.write_text(text, encoding="utf-8")
        sys.stderr.write(clean(WRITTEN.format(path=markdown)) + "\n")
    if html:
        from codeact.evals.page import page

        text = page(
            arms,
            rows,
            comparisons,
            manifest=read_manifest(folder),
            title=f"{benchmark.title}: what the runs came to",
            judged=judged,
            more=[*more, *beside],
        )
        html.write_text(text, encoding="utf-8", errors="backslashreplace")
        sys.stderr.write(clean(WRITTEN.format(path=html)) + "\n")
    if json:
        _print({"rows": rows, "comparisons": comparisons})
    else:
        sys.stdout.write(f"{benchmark.title}: {judged}\n\n" if judged else f"{benchmark.title}\n\n")
        show([*tables(rows, comparisons, named=False), *more], sys.stdout)
    return 0


def show_comparison(a: Path, b: Path, judging: Judging, *, json: bool) -> int:
    """Print what two runs say about one another; the exit code."""
    try:
        first, second = _arms(a, judging), _arms(b, judging)
        pairs = _pairs(first, second)
        found = compare_all(pairs)
        if not found:
            raise ConfigError(NO_SHARED_TASK)
        different = _different(a, b)
    except CodeActError as error:
        return failure(error)
    if different:
        sys.stderr.write(clean(DIFFERENT.format(names=", ".join(different))) + "\n")
    if json:
        _print({"comparisons": found})
    else:
        show(comparison_tables(found), sys.stdout)
    return 0


def _by_grader(arms: Sequence[Arm], graders: Mapping[str, Suite]) -> list[Table]:
    """Nothing where there is one grader only."""
    judged = {name: [rejudged(each, by) for each in arms] for name, by in graders.items()}
    return [grader_table(judged)] if judged else []


def _arms(place: Path, judging: Judging) -> tuple[Arm, ...]:
    """With the place in the name, so that two runs of one model can be told apart."""
    if place.is_dir():
        found = load(place, judging.benchmark(place))
    else:
        folder = _home(place)
        name = read_manifest(folder).get("models", {}).get(place.parent.name)
        found = (arm(place, judging.benchmark(folder), name),)
    return found


def _home(place: Path) -> Path:
    """The folder whose manifest says how a file of trajectories was made."""
    return place if place.is_dir() else place.resolve().parent.parent


def _pairs(first: Sequence[Arm], second: Sequence[Arm]) -> list[tuple[Arm, Arm]]:
    """Raises ConfigError where nothing fits."""
    if len(first) == len(second) == 1:
        pairs = [(first[0], second[0])]
    elif pairs := [
        (one, other)
        for one in first
        for other in second
        if (one.model, one.format) == (other.model, other.format)
    ]:
        pass
    elif len({each.model for each in first}) == len({each.model for each in second}) == 1:
        pairs = [(one, other) for one in first for other in second if one.format == other.format]
    if not pairs:
        a, b = (", ".join(f"{x.model} {x.format}" for x in side) for side in (first, second))
        raise ConfigError(NO_PAIR.format(a=a, b=b))
    return [
        (
            dataclasses.replace(one, model=f"A {one.model}"),
            dataclasses.replace(other, model=f"B {other.model}"),
        )
        for one, other in pairs
    ]


def _different(a: Path, b: Path) -> list[str]:
    one, other = read_manifest(_home(a)), read_manifest(_home(b))
    return [
        name
        for name in FIXED
        if name != "prompts" and one and other and _ways(one, name) != _ways(other, name)
    ]


def _ways(made: Mapping[str, Any], name: str) -> list[str]:
    """All values of a setting in a run, whichever models they belong to."""
    value = made.get(name)
    if name == "sampling" and isinstance(value, dict):
        return sorted({str(each) for each in value.values()})
    return [str(value)]


def _print(record: dict[str, Any]) -> None:
    text = json_text.dumps(record, indent=1, default=dataclasses.asdict, ensure_ascii=False)
    sys.stdout.write(text + "\n")
