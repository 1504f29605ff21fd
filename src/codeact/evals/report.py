"""What a run came to: a row for each model and format, comparisons between formats, as tables."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from codeact.environment import RESULT_LIMIT
from codeact.evals.results import Arm, Episode
from codeact.evals.statistics import (
    RESAMPLES,
    Interval,
    Paired,
    detectable,
    holm,
    interval,
    majority,
    paired,
    pass_all,
    pass_at,
    success,
    wilson,
)
from codeact.trajectory import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model in one format.

    `success` and `first` (the first answer was right) are means over tasks of the share of their
    epochs. Turns are replies of the model; seconds and tokens are sums over the judged episodes.
    `reasoning_tokens` are part of the output; `longest_observation` is in characters, as it was
    observed, and `cut_observations` counts those of which the model was shown a part.
    `cost` is in US dollars, None where a price is unknown; `per_solved` is all tokens divided by
    the solved episodes. `curve` holds the share of episodes solved within 1, 2, … turns. `kinds`
    counts how unsolved episodes ended, `errors` the failed turns by label, and `recovered` is the
    share of these that lie in solved episodes.
    """

    model: str
    format: str
    tasks: int
    epochs: int
    n: int
    failed: int
    missing: int
    solved: int
    success: float
    interval: Interval
    first: float
    mean_turns: float
    median_turns: float
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    per_solved: float | None
    cost: float | None
    model_seconds: float
    execution_seconds: float
    reasoning_tokens: int
    longest_observation: int
    cut_observations: int
    pass_at_epochs: float | None
    pass_all_epochs: float | None
    recovered: float | None
    curve: tuple[float, ...]
    kinds: Mapping[str, int]
    errors: Mapping[str, int]
    by_domain: Mapping[str, tuple[int, float, Interval]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two arms on the same tasks. `turns` are the means of both over `both` tasks, those that the
    majority of each side's epochs solved; `detectable` is the smallest difference that a run of
    this size finds in four of five cases.
    """

    first: str
    second: str
    paired: Paired
    both: int
    turns: tuple[float, float] | None
    detectable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text under a title; `note` explains what the columns hold."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def summarize(arm: Arm, *, resamples: int = RESAMPLES) -> Row:
    """The row of one arm."""
    episodes, outcomes = arm.episodes, arm.outcomes
    usages = [episode.usage for episode in episodes]
    solved = [episode for episode in episodes if episode.score.solved]
    turns = [episode.score.turns for episode in episodes]
    costs = [usage.cost for usage in usages]
    epochs = max(map(len, outcomes.values()), default=0)
    steps = [(step, each.score.solved) for each in episodes for step in each.trajectory.steps]
    wrong = [(step.observation.error, won) for step, won in steps if step.observation.error]
    tokens = sum(usage.total_tokens for usage in usages)
    return Row(
        model=arm.model,
        format=arm.format,
        tasks=len(outcomes),
        epochs=epochs,
        n=len(episodes),
        failed=len(arm.failed),
        missing=arm.missing,
        solved=len(solved),
        success=success(outcomes),
        interval=interval(outcomes, arm.domains, resamples=resamples),
        first=success(_first(episodes)),
        mean_turns=fmean(turns) if turns else 0.0,
        median_turns=median(turns) if turns else 0.0,
        input_tokens=sum(usage.input_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        per_solved=tokens / len(solved) if solved else None,
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        model_seconds=sum(step.completion.seconds for step, _ in steps),
        execution_seconds=sum(step.observation.seconds for step, _ in steps),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
        longest_observation=max((len(step.observation.text) for step, _ in steps), default=0),
        cut_observations=sum(_was_cut(step) for step, _ in steps),
        pass_at_epochs=pass_at(epochs, outcomes) if epochs > 1 else None,
        pass_all_epochs=pass_all(epochs, outcomes) if epochs > 1 else None,
        recovered=_share(won for _, won in wrong) if wrong else None,
        curve=_curve(episodes),
        kinds=_counted(each.score.kind for each in episodes if not each.score.solved),
        errors=_counted(label for label, _ in wrong),
        by_domain=_by_domain(arm),
    )


def compare(first: Arm, second: Arm, *, resamples: int = RESAMPLES) -> Comparison | None:
    """None where the arms share no task."""
    found = paired(first.outcomes, second.outcomes, first.domains, resamples=resamples)
    if found is None:
        return None
    mine, theirs = first.outcomes, second.outcomes
    shared = mine.keys() & theirs.keys()
    both = {task for task in shared if majority(mine[task]) and majority(theirs[task])}
    epochs = min(
        len(each) for side in (mine, theirs) for task, each in side.items() if task in shared
    )
    return Comparison(
        first=f"{first.model} {first.format}",
        second=f"{second.model} {second.format}",
        paired=found,
        both=len(both),
        turns=(_turns(first, both), _turns(second, both)) if both else None,
        detectable=detectable(found.tasks, epochs),
    )


def compare_all(
    pairs: Iterable[tuple[Arm, Arm]], *, resamples: int = RESAMPLES
) -> list[Comparison]:
    """Comparisons that stand together: Holm's correction holds over all of them."""
    made = (compare(first, second, resamples=resamples) for first, second in pairs)
    found = [each for each in made if each is not None]
    adjusted = holm([each.paired.p for each in found])
    return [
        dataclasses.replace(each, paired=dataclasses.replace(each.paired, adjusted=p))
        for each, p in zip(found, adjusted, strict=True)
    ]


def compare_formats(arms: Sequence[Arm], *, resamples: int = RESAMPLES) -> list[Comparison]:
    """Each model's formats against one another, corrected within the model."""
    found = []
    for model in dict.fromkeys(arm.model for arm in arms):
        own = [arm for arm in arms if arm.model == model]
        found += compare_all(itertools.combinations(own, 2), resamples=resamples)
    return found


def _first(episodes: Sequence[Episode]) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for episode in episodes:
        found.setdefault(episode.task, []).append(episode.score.first)
    return found


def _by_domain(arm: Arm) -> dict[str, tuple[int, float, Interval]]:
    """Tasks, success and Wilson's interval in each domain, each task counting once."""
    outcomes, domains = arm.outcomes, arm.domains
    found = {}
    for domain in sorted(set(domains.values())):
        mine = {task: each for task, each in outcomes.items() if domains[task] == domain}
        share = success(mine)
        found[domain] = len(mine), share, wilson(share * len(mine), len(mine))
    return found


def _was_cut(step: Step) -> bool:
    """Whether the model was shown a part: cut by the kernel, by a tool's bound or by the format."""
    seen = step.observation
    if seen.log is not None or (seen.source == "tool" and len(seen.text) > RESULT_LIMIT):
        return True
    return step.feedback is not None and len(step.feedback.content) < len(seen.text)


def _curve(episodes: Sequence[Episode]) -> tuple[float, ...]:
    longest = max((each.score.turns for each in episodes), default=0)
    return tuple(
        _share(each.score.solved and each.score.turns <= turn for each in episodes)
        for turn in range(1, longest + 1)
    )


def _turns(arm: Arm, tasks: set[str]) -> float:
    return fmean(
        each.score.turns for each in arm.episodes if each.task in tasks and each.score.solved
    )


def _counted(labels: Iterable[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(Counter(labels).most_common())


def _share(facts: Iterable[bool]) -> float:
    known = list(facts)
    return sum(known) / len(known) if known else 0.0
