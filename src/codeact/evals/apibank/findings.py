"""What runs of API-Bank come to, and what the recorded calls themselves do."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact.evals.apibank.alterations import altered
from codeact.evals.apibank.benchmark import ApiBank
from codeact.evals.apibank.calls import fit, perform
from codeact.evals.apibank.catalogue import catalogue
from codeact.evals.apibank.spelling import folded
from codeact.evals.runs import scores as judged
from codeact.rollout import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    n: int
    solved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One format's calls. `n` counts those that could be judged, `failed` those that the world
    ended; `kinds` are the failures by kind.
    """

    n: int
    solved: int
    executed: Count
    argument_only: Count
    failed: int
    kinds: Mapping[str, int]


def tally(benchmark: ApiBank, tasks: Sequence[Task], epochs: int, path: Path) -> Tally:
    """What a file of trajectories comes to."""
    scores = judged(benchmark, tasks, epochs, path)
    right = {True: [0, 0], False: [0, 0]}
    for (task, _), score in scores.items():
        right[benchmark.executed(task)][0] += 1
        right[benchmark.executed(task)][1] += score.solved
    wrong = Counter(score.kind for score in scores.values() if not score.solved)
    return Tally(
        n=len(scores),
        solved=sum(score.solved for score in scores.values()),
        executed=Count(n=right[True][0], solved=right[True][1]),
        argument_only=Count(n=right[False][0], solved=right[False][1]),
        failed=len(tasks) * epochs - len(scores),
        kinds=dict(wrong.most_common()),
    )


def gold(benchmark: ApiBank, tasks: Sequence[Task]) -> dict[str, Any]:
    """The recorded calls themselves, made and judged: how many are right, executed and by their
    arguments apart, and how many results are those that were recorded.
    """
    chosen = [benchmark.samples[task.id] for task in tasks]
    counts = {True: [0, 0], False: [0, 0]}
    unlike, refused = [], []
    for sample in chosen:
        executed = benchmark.executed(sample.id)
        counts[executed][0] += 1
        counts[executed][1] += benchmark.verdict(sample.id, sample.gold.call).right
        if executed:
            world = benchmark.grader.world(sample)
            given = fit(catalogue(world)[sample.gold.name], sample.gold.call)
            outcome = perform(world, sample.gold.name, given, sample.gold.result)
            if outcome.refusal is not None:
                refused.append({"id": sample.id, "refusal": outcome.refusal})
            elif folded(repr(outcome.result)) != folded(repr(sample.gold.result)):
                unlike.append(sample.id)
    return {
        "n": len(chosen),
        "executed": {"n": counts[True][0], "solved": counts[True][1]},
        "argument_only": {"n": counts[False][0], "solved": counts[False][1]},
        "refused": refused,
        "unlike_recorded": unlike,
    }


def alterations(benchmark: ApiBank, tasks: Sequence[Task]) -> dict[str, Any]:
    """Every recorded call with one argument altered: the verdicts, counted and one by one."""
    chosen = [benchmark.samples[task.id] for task in tasks]
    found = list(altered(benchmark.grader, chosen))
    tolerated = [each for each in found if each.verdict == "tolerated"]
    reasons = Counter((each.api, each.argument, each.reason) for each in tolerated)
    return {
        "n": len(found),
        "rejected": len(found) - len(tolerated),
        "tolerated": len(tolerated),
        "reasons": [
            {"api": api, "argument": argument, "reason": reason, "n": count}
            for (api, argument, reason), count in sorted(reasons.items())
        ],
        "calls": [dataclasses.asdict(each) for each in found],
    }
