"""Which benchmarks there are, by the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from codeact.errors import ConfigError
from codeact.evals import Suite
from codeact.evals.apibank import ApiBank
from codeact.evals.m3tooleval import M3ToolEval
from codeact.evals.m3tooleval.editions import EditionName
from codeact.evals.m3tooleval.grader import GRADERS, GraderName
from codeact.evals.m3tooleval.protocol import ProtocolName
from codeact.evals.question_sets import OPENERS

UNKNOWN = "There is no benchmark {name!r}. There are {known}."
NO_LEVEL = "API-Bank has no level {level} here: --level is 1 or 2."
NO_CHOICE = "{benchmark} has no {name}: --{name} belongs to other benchmarks."


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which variant of a benchmark; None is its default."""

    data_dir: Path | None = None
    edition: EditionName | None = None
    grader: GraderName | None = None
    protocol: ProtocolName | None = None
    level: int | None = None


def opened(name: str, choice: Choice) -> Suite:
    """The benchmark of that name. Raises ConfigError, DataError."""
    if name not in CATALOGUE:
        raise ConfigError(UNKNOWN.format(name=name, known=", ".join(CATALOGUE)))
    return CATALOGUE[name](choice)


def as_made(made: Mapping[str, Any], choice: Choice) -> Suite:
    """The benchmark of a run's manifest, judged by what is chosen, else as it was made.

    Raises ConfigError, DataError.
    """
    wanted = Choice(
        data_dir=choice.data_dir,
        edition=choice.edition or made.get("edition"),
        grader=choice.grader or made.get("grader"),
        protocol=choice.protocol or made.get("protocol"),
        level=choice.level or _number(made.get("level")),
    )
    return opened(made.get("benchmark", "m3tooleval"), wanted)


def by_graders(benchmark: Suite, choice: Choice) -> dict[str, Suite]:
    """The same benchmark with each of its graders, where there are several."""
    if not isinstance(benchmark, M3ToolEval):
        return {}
    chosen = {**benchmark.settings, "data_dir": choice.data_dir}
    return {
        grader: opened(benchmark.name, Choice(**cast(Any, {**chosen, "grader": grader})))
        for grader in GRADERS
    }


def _number(text: Any) -> int | None:
    return int(text) if str(text).isdigit() else None


def _m3tooleval(choice: Choice) -> Suite:
    _without(choice, "m3tooleval", "level")
    return M3ToolEval(
        data_dir=choice.data_dir,
        edition=choice.edition or "own",
        grader=choice.grader or "fixed",
        protocol=choice.protocol or "default",
    )


def _apibank(choice: Choice) -> Suite:
    _without(choice, "apibank", "edition", "grader", "protocol")
    if choice.level not in (None, 1, 2):
        raise ConfigError(NO_LEVEL.format(level=choice.level))
    return ApiBank(data_dir=choice.data_dir, level=2 if choice.level == 2 else 1)


def _questions(name: str, choice: Choice) -> Suite:
    _without(choice, name, "edition", "grader", "protocol", "level")
    return OPENERS[name](choice.data_dir)


def _without(choice: Choice, benchmark: str, *flags: str) -> None:
    """Raises ConfigError where something is chosen that the benchmark does not have."""
    for flag in flags:
        if getattr(choice, flag) is not None:
            raise ConfigError(NO_CHOICE.format(benchmark=benchmark, name=flag))


CATALOGUE: Mapping[str, Callable[[Choice], Suite]] = {
    "m3tooleval": _m3tooleval,
    "apibank": _apibank,
    **{name: partial(_questions, name) for name in OPENERS},
}
