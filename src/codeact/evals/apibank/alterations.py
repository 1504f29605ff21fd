"""Recorded calls with one argument altered: nearly all of them must be judged wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from codeact.actions import ToolCall
from codeact.evals.apibank.calls import fit
from codeact.evals.apibank.catalogue import catalogue
from codeact.evals.apibank.dialogues import Sample
from codeact.evals.apibank.grader import Grader
from codeact.evals.apibank.rules import DAY, EXACT, MOMENT, MONTH_DAY, rule
from codeact.evals.apibank.spelling import moment

OTHER = "something else entirely"
ADDED = "argument"


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """One argument of a recorded call, altered, and what the grader made of it.

    `kind` is the grader's; `reason` why it was tolerated, empty where it was rejected.
    """

    id: str
    api: str
    argument: str
    how: str
    was: Any
    value: Any
    verdict: Literal["rejected", "tolerated"]
    kind: str
    reason: str


def altered(grader: Grader, samples: Sequence[Sample]) -> Iterator[Altered]:
    """Every argument of every call in turn; times in two ways, by a day and by an hour. A call
    without arguments gets one.
    """
    known = _known(grader, samples)
    for sample in samples:
        api = catalogue(grader.databases.world())[sample.gold.name]
        given = {name: fit(api, sample.gold.call)[name] for name in sample.gold.arguments}
        if not given:
            yield _judged(grader, sample, {}, ADDED, "one added", OTHER)
        for name, was in given.items():
            for how, value in _changes(sample, name, was, known.get((api.name, name), [])):
                yield _judged(grader, sample, given, name, how, value)


def _judged(
    grader: Grader, sample: Sample, given: Mapping[str, Any], name: str, how: str, value: Any
) -> Altered:
    call = ToolCall(name=sample.gold.name, kwargs={**given, name: value})
    verdict = grader.judge(sample, call)
    return Altered(
        id=sample.id,
        api=call.name,
        argument=name,
        how=how,
        was=given.get(name),
        value=value,
        verdict="tolerated" if verdict.right else "rejected",
        kind=verdict.kind,
        reason=verdict.tolerated.get(name, ""),
    )


def _known(grader: Grader, samples: Sequence[Sample]) -> dict[tuple[str, str], list[Any]]:
    """All values that the recorded calls give to a parameter."""
    found: dict[tuple[str, str], list[Any]] = {}
    for sample in samples:
        api = catalogue(grader.databases.world())[sample.gold.name]
        for name, value in fit(api, sample.gold.call).items():
            values = found.setdefault((api.name, name), [])
            if name in sample.gold.arguments and value not in values:
                values.append(value)
    return found


def _changes(
    sample: Sample, name: str, was: Any, known: Sequence[Any]
) -> Iterator[tuple[str, Any]]:
    compared = rule(sample.gold.name, name)
    if isinstance(was, bool):
        yield "other truth value", not was
    elif isinstance(was, int):
        yield "one more", was + 1
    elif isinstance(was, list):
        yield from _listed(was)
    elif compared is MOMENT:
        yield "next day", _shifted(was, timedelta(days=1))
        yield "next hour", _shifted(was, timedelta(hours=1))
    elif compared in (DAY, MONTH_DAY):
        yield "next day", _shifted(was, timedelta(days=1))
    elif compared is EXACT:
        yield "last letter", was[:-1] + ("x" if was[-1:] != "x" else "y")
    else:
        other = next((each for each in known if not compared.same(was, each)), OTHER)
        yield "other text", other


def _listed(was: list[Any]) -> Iterator[tuple[str, Any]]:
    yield "last one missing", was[:-1]
    if was and isinstance(was[0], dict):
        first = {key: f"{value}1" for key, value in was[0].items()}
        yield "first one changed", [first, *was[1:]]
    else:
        yield "one more", [*was, "Nobody Else"]


def _shifted(text: str, by: timedelta) -> str:
    """The time or day, later, spelled alike."""
    short = len("MM-DD")
    read = moment(text) or moment(f"2023-{text}") or datetime(2023, 1, 1)  # noqa: DTZ001 - no zone
    later = (read + by).isoformat(sep=" ")
    return later[len("2023-") : len("2023-MM-DD")] if len(text) == short else later[: len(text)]
