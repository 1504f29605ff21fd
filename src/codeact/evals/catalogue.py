"""Which benchmarks there are, by the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from codeact.errors import ConfigError
from codeact.evals import Suite
from codeact.evals.m3tooleval import M3ToolEval
from codeact.evals.m3tooleval.editions import EditionName
from codeact.evals.m3tooleval.grader import GRADERS, GraderName
from codeact.evals.m3tooleval.protocol import ProtocolName
from codeact.evals.question_sets import OPENERS

UNKNOWN = "There is no benchmark {name!r}. There are {known}."
NO_CHOICE = "{benchmark} has no {name}: --{name} belongs to other benchmarks."


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which variant of a benchmark; None is its default."""

    data_dir: Path | None = None
    edition: EditionName | None = None
    grader: GraderName | None = None
    protocol: ProtocolName | None = None


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


def _m3tooleval(choice: Choice) -> Suite:
    return M3ToolEval(
        data_dir=choice.data_dir,
        edition=choice.edition or "own",
        grader=choice.grader or "fixed",
        protocol=choice.protocol or "default",
    )


def _questions(name: str, choice: Choice) -> Suite:
    for flag in ("edition", "grader", "protocol"):
        if getattr(choice, flag) is not None:
            raise ConfigError(NO_CHOICE.format(benchmark=name, name=flag))
    return OPENERS[name](choice.data_dir)


CATALOGUE: Mapping[str, Callable[[Choice], Suite]] = {
    "m3tooleval": _m3tooleval,
    **{name: partial(_questions, name) for name in OPENERS},
}
