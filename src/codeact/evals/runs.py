"""Many episodes of a benchmark in several formats, and what came of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from codeact.agent import Agent
from codeact.evals import Benchmark, Score, Suite
from codeact.evals.no_interpreter import NoInterpreter
from codeact.formats import ActionFormat
from codeact.interpreter import Interpreter
from codeact.messages import Sampling
from codeact.models import Model
from codeact.models.cached import CachedModel
from codeact.rollout import Finished, OpenInterpreter, Task, rollouts, seeded, settled

CODE_FORMATS = frozenset({"code", "code-fence", "m3-code"})
"""Formats that need an interpreter, by their own names."""

SECONDS = 30.0
"""How long one code action may take."""

ModelFor = Callable[[ActionFormat], Model]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One format's episodes. `n` counts those that could be judged; `failed` are the world's fault
    and count nowhere else. `mean_turns` is over all that were judged.
    """

    n: int
    solved: int
    first: int
    failed: int
    mean_turns: float


def kernel() -> AbstractAsyncContextManager[Interpreter]:
    """A walled kernel of its own for each episode, in a fresh folder, with the paper's limit of
    `SECONDS` and plain tracebacks.
    """
    from codeact.interpreter.opening import open_interpreter

    return open_interpreter(timeout=SECONDS, self_debug=False)


async def run(
    benchmark: Suite,
    model: Model | ModelFor,
    formats: Sequence[str],
    *,
    out: Path,
    tasks: Sequence[Task] | None = None,
    epochs: int | None = None,
    max_turns: int | None = None,
    sampling: Sampling | None = None,
    concurrency: int = 8,
    open_interpreter: OpenInterpreter = kernel,
    finished: Finished = lambda task, epoch, trajectory: None,
) -> dict[str, Tally]:
    """Live the tasks in each format, one file of trajectories a format in the folder `out`, and
    tally what the files hold. What is there already is not done again.

    `model` may depend on the format. `epochs`, `max_turns` and `sampling` None are the rules'.
    `open_interpreter` is for code formats and furnished worlds; the others start no kernel.
    Raises ConfigError for an unknown format before anything runs.
    """
    chosen = benchmark.tasks() if tasks is None else tasks
    agents = {
        name: benchmark.agent(
            _model(model, benchmark.rules.format(name)),
            name,
            max_turns=max_turns,
            sampling=sampling,
        )
        for name in formats
    }
    times, needed = epochs or benchmark.rules.epochs, benchmark.furnished
    tallies = {}
    for name, agent in agents.items():
        path = out / f"{name}.jsonl"
        await rollouts(
            agent,
            chosen,
            open_interpreter if needed | (agent.format.name in CODE_FORMATS) else NoInterpreter,
            path=path,
            epochs=times,
            concurrency=concurrency,
            finished=finished,
            at_epoch=_at_epoch,
        )
        tallies[name] = tally(benchmark, chosen, times, path)
    return tallies


def scores(
    benchmark: Benchmark, tasks: Sequence[Task], epochs: int, path: Path
) -> dict[tuple[str, int], Score]:
    """The score of each (task, epoch) that a file of trajectories holds."""
    wanted = {(task.id, epoch): task for epoch in range(epochs) for task in tasks}
    return {
        key: benchmark.score(wanted[key], trajectory)
        for key, trajectory in settled(path).items()
        if key in wanted
    }


def tally(benchmark: Benchmark, tasks: Sequence[Task], epochs: int, path: Path) -> Tally:
    """What a file of trajectories comes to."""
    judged = list(scores(benchmark, tasks, epochs, path).values())
    return Tally(
        n=len(judged),
        solved=sum(score.solved for score in judged),
        first=sum(score.first for score in judged),
        failed=len(tasks) * epochs - len(judged),
        mean_turns=sum(score.turns for score in judged) / len(judged) if judged else 0.0,
    )


def _at_epoch(agent: Agent, epoch: int) -> Agent:
    """A cache must not give one epoch's replies to another."""
    if isinstance(agent.model, CachedModel):
        agent = dataclasses.replace(agent, model=agent.model.at(epoch))
    return seeded(agent, epoch)


def _model(model: Model | ModelFor, format: ActionFormat) -> Model:
    return model(format) if callable(model) else model
