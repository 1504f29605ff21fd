"""Intervals, tests and power for success rates: pure functions over outcomes by task."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

CONFIDENCE = 0.95
RESAMPLES = 10_000
SEED = 20240201
"""Of every bootstrap, so that a report says the same each time it is made."""

Outcomes = Mapping[str, Sequence[bool]]
"""Whether each epoch of a task was solved, by the task's id; a task has one epoch at least."""

Domains = Mapping[str, str]
"""The domain of each task, by the task's id."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both within."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """What the same tasks say about two ways of solving them.

    `difference` is first minus second, a share of episodes. `only_first` and `only_second` name the
    tasks whose majority of epochs was solved by one alone; `p` is McNemar's over them, `adjusted`
    the same after Holm's correction where several comparisons stand together.
    """

    tasks: int
    difference: float
    interval: Interval
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    p: float
    adjusted: float


def wilson(solved: float, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share (Wilson 1927); the whole of 0 to 1 where n is 0."""
    if n == 0:
        return Interval(0.0, 1.0)
    z, share = NormalDist().inv_cdf((1 + confidence) / 2), solved / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(
        0.0 if solved <= 0 else max(0.0, middle - half),
        1.0 if solved >= n else min(1.0, middle + half),
    )


def success(outcomes: Outcomes) -> float:
    """The mean over tasks of the share of their epochs that were solved; 0 without tasks."""
    return fmean(fmean(epochs) for epochs in outcomes.values()) if outcomes else 0.0


def interval(outcomes: Outcomes, domains: Domains, *, resamples: int = RESAMPLES) -> Interval:
    """Of `success`: Wilson where each task has one epoch, else the cluster bootstrap over tasks.

    Where the tasks of each domain have the same share a bootstrap would be sure of it; then each
    task counts once in Wilson's interval, which is the cautious reading.
    """
    shares = {task: fmean(epochs) for task, epochs in outcomes.items()}
    single = all(len(epochs) == 1 for epochs in outcomes.values())
    if single or all(len(set(group)) == 1 for group in _strata(shares, domains)):
        return wilson(sum(shares.values()), len(shares))
    return bootstrap(shares, domains, resamples=resamples)


def bootstrap(
    values: Mapping[str, float],
    domains: Domains,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Interval:
    """Percentile interval of the mean of one value a task; tasks are resampled within domains, and
    those that are alone in theirs with one another.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("A bootstrap needs at least one task.")
    draw = random.Random(seed).choices
    groups, n = [(group, len(group)) for group in _strata(values, domains)], len(values)
    means = sorted(
        sum(sum(draw(group, k=size)) for group, size in groups) / n for _ in range(resamples)
    )
    tail = (1 - confidence) / 2
    return Interval(_quantile(means, tail), _quantile(means, 1 - tail))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of that many tasks solved by one side alone; 1 without any."""
    n = only_first + only_second
    tail = sum(math.comb(n, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / (1 << n))


def holm(ps: Sequence[float]) -> list[float]:
    """The p-values in the same order, adjusted for being looked at together (Holm 1979)."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = highest
    return adjusted


def majority(epochs: Sequence[bool]) -> bool:
    """Whether more than half of the epochs were solved."""
    return 2 * sum(epochs) > len(epochs)


def paired(
    first: Outcomes, second: Outcomes, domains: Domains, *, resamples: int = RESAMPLES
) -> Paired | None:
    """Compare on the tasks that both have; None where there is none. Nothing is adjusted yet."""
    shared = sorted(first.keys() & second.keys())
    if not shared:
        return None
    differences = {task: fmean(first[task]) - fmean(second[task]) for task in shared}
    won = {task: (majority(first[task]), majority(second[task])) for task in shared}
    ahead = tuple(task for task in shared if won[task] == (True, False))
    behind = tuple(task for task in shared if won[task] == (False, True))
    p = mcnemar(len(ahead), len(behind))
    return Paired(
        tasks=len(shared),
        difference=fmean(differences.values()),
        interval=_of_differences(differences, domains, resamples),
        only_first=ahead,
        only_second=behind,
        p=p,
        adjusted=p,
    )


def detectable(
    tasks: int,
    epochs: int,
    *,
    share: float = 0.55,
    correlation: float = 0.5,
    within: float = 2 / 3,
    power: float = 0.8,
    confidence: float = CONFIDENCE,
) -> float:
    """The smallest paired difference of two shares that a run of this size finds with `power`.

    After Miller 2024 (arXiv 2411.00640): single outcomes of the two sides correlate by
    `correlation`, and `within` is the part of the difference's variance that more epochs average
    out. Raises ValueError without tasks or epochs.
    """
    if tasks < 1 or epochs < 1:
        raise ValueError("There is nothing to detect without tasks and epochs.")
    normal = NormalDist()
    z = normal.inv_cdf((1 + confidence) / 2) + normal.inv_cdf(power)
    variance = 2 * share * (1 - share) * (1 - correlation)
    return z * math.sqrt(variance * ((1 - within) + within / epochs) / tasks)


def pass_at(k: int, outcomes: Outcomes) -> float | None:
    """The chance that one of k epochs of a task is solved (Chen et al. 2021), mean over tasks.

    None where a task has fewer than k epochs.
    """
    return _chance(k, outcomes, lambda n, solved: 1 - math.comb(n - solved, k) / math.comb(n, k))


def pass_all(k: int, outcomes: Outcomes) -> float | None:
    """The chance that all of k epochs of a task are solved (pass^k), mean over tasks; None where a
    task has fewer than k epochs.
    """
    return _chance(k, outcomes, lambda n, solved: math.comb(solved, k) / math.comb(n, k))


def _chance(k: int, outcomes: Outcomes, of: Callable[[int, int], float]) -> float | None:
    if k < 1 or not outcomes or any(len(epochs) < k for epochs in outcomes.values()):
        return None
    return fmean(of(len(epochs), sum(epochs)) for epochs in outcomes.values())


def _strata(values: Mapping[str, float], domains: Domains) -> list[list[float]]:
    found: dict[str, list[float]] = {}
    for task in sorted(values):
        found.setdefault(domains.get(task, ""), []).append(values[task])
    alone = [group[0] for group in found.values() if len(group) == 1]
    return [group for group in found.values() if len(group) > 1] + ([alone] if alone else [])


def _of_differences(differences: Mapping[str, float], domains: Domains, resamples: int) -> Interval:
    """Where the tasks of each domain differ alike a bootstrap would be sure of it. Then as many
    tasks as Wilson's upper end for none out of n may go as far to the other side as they can.
    """
    if any(len(set(group)) > 1 for group in _strata(differences, domains)):
        return bootstrap(differences, domains, resamples=resamples)
    mean = fmean(differences.values())
    unseen = wilson(0, len(differences)).high * (1 + abs(mean))
    return Interval(max(-1.0, mean - unseen), min(1.0, mean + unseen))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between its neighbours, linearly."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
