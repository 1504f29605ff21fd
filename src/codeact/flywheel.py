"""Expert iteration: a model lives tasks, learns from its verified successes, and is measured."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact import trajectory as trajectories
from codeact.data.select import course_of, select
from codeact.errors import ConfigError, DataError
from codeact.evals.nano import measure
from codeact.evals.statistics import mcnemar, wilson
from codeact.events import Emit, ignore
from codeact.messages import Completion, Message, Sampling, ToolSchema
from codeact.models import Model, Until, never
from codeact.tasks.families import Axes, instances
from codeact.tasks.families.play import Played, play
from codeact.train.tokens import MASKED
from codeact.trajectory import Trajectory

SCHEMA = "codeact.improvement/1"
ROUNDS, PLAN = "rounds.jsonl", "improvement.json"
"""What stands in an improvement's folder, beside a folder for each round."""

NO_SUCCESS = (
    "Round {number}: none of {lived} episodes was solved, so there is nothing to learn from. Start "
    "from a better model, or choose easier families."
)
OTHER = "{folder} holds another improvement. Name another folder (-o), or repeat its command."
ALL_TARGETS = "--families names all that the model knows; nothing is left to watch. Name fewer."

DOUBT = 0.05
"""A fall on the general split counts when it would be rarer than this by chance alone."""

Learn = Callable[[Path, Sequence[Trajectory], Path], Path]
"""From a model's folder and trajectories, in a folder of its own, to the new model's folder."""
OpenModel = Callable[[Path], Model]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`families` are to get better, all others are the general split; without any, all are to get
    better and held-out wordings are the general split.

    `replay` is how many of the oracles' episodes, of all families, are learned again for each
    success, so that nothing is forgotten.
    """

    rounds: int = 3
    count: int = 400
    families: tuple[str, ...] = ()
    n: int = 200
    temperature: float = 0.7
    replay: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One split: which of its tasks were solved."""

    solved: tuple[str, ...]
    n: int

    def plain(self) -> dict[str, Any]:
        bounds = wilson(len(self.solved), self.n)
        return {
            "n": self.n,
            "successes": len(self.solved),
            "low": round(bounds.low, 4),
            "high": round(bounds.high, 4),
        }

    def fell_from(self, before: Measured) -> bool:
        """Whether fewer of the same tasks are solved than chance explains (exact McNemar)."""
        now, then = set(self.solved), set(before.solved)
        won, lost = len(now - then), len(then - now)
        return lost > won and mcnemar(won, lost) < DOUBT


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Round 0 is the model as it came. `model` is what the next round starts from: where the
    general split fell, the new weights are not kept and it is the one before.
    """

    number: int
    lived: int
    kept: int
    replayed: int
    target: Measured
    general: Measured
    accepted: bool
    model: Path


async def improve(
    start: Path,
    folder: Path,
    plan: Plan,
    *,
    learn: Learn,
    open_model: OpenModel,
    told: Callable[[Round], None] = lambda done: None,
) -> list[Round]:
    """All rounds, the first of them before any learning. What the folder holds is not done again.

    Raises ConfigError, DataError, InterpreterLost.
    """
    _settle(start, folder, plan)
    splits = _splits(plan, open_model(start))
    rounds = _read(folder / ROUNDS)
    for done in rounds:
        told(done)
    if not rounds:
        target, general = await _measured(open_model(start), splits, plan)
        rounds.append(
            Round(
                number=0,
                lived=0,
                kept=0,
                replayed=0,
                target=target,
                general=general,
                accepted=True,
                model=start,
            )
        )
        _note(folder / ROUNDS, rounds[-1])
        told(rounds[-1])
    while len(rounds) <= plan.rounds:
        rounds.append(await _turn(rounds, folder, plan, splits, learn, open_model))
        _note(folder / ROUNDS, rounds[-1])
        told(rounds[-1])
    return rounds


async def _turn(
    rounds: Sequence[Round],
    folder: Path,
    plan: Plan,
    splits: _Splits,
    learn: Learn,
    open_model: OpenModel,
) -> Round:
    """One round: live, keep, learn, measure, and keep the weights or not."""
    number = len(rounds)
    last = rounds[-1]
    here = folder / f"round-{number}"
    here.mkdir(exist_ok=True)
    seed = plan.seed * 1_000 + number
    lived = [
        each
        async for each in play(
            instances(seed, plan.count, Axes(), splits.target),
            model=_Sampled(open_model(last.model), plan.temperature, seed),
        )
    ]
    kept = successes(lived)
    if not kept:
        raise ConfigError(NO_SUCCESS.format(number=number, lived=len(lived)))
    again = [
        each.trajectory
        async for each in play(instances(seed + 500, int(len(kept) * plan.replay), Axes()))
        if each.solved and each.sound
    ]
    path = here / "learned.jsonl"
    path.unlink(missing_ok=True)
    for each in (*kept, *again):
        trajectories.append(path, each)
    model = learn(last.model, (*kept, *again), here)
    target, general = await _measured(open_model(model), splits, plan)
    best = next(each for each in reversed(rounds) if each.accepted)
    accepted = not general.fell_from(rounds[0].general) and not general.fell_from(best.general)
    return Round(
        number=number,
        lived=len(lived),
        kept=len(kept),
        replayed=len(again),
        target=target,
        general=general,
        accepted=accepted,
        model=model if accepted else last.model,
    )


def successes(lived: Sequence[Played]) -> list[Trajectory]:
    """The solved ones. An action of theirs that ended in an error is read and not learned."""
    solved = {id(each.trajectory): each.solved for each in lived}
    kept = select(
        (each.trajectory for each in lived),
        lambda each: course_of(each, solved=solved[id(each)]),
        keep="solved",
    )
    return [_masked(each) for each in kept]


def _masked(trajectory: Trajectory) -> Trajectory:
    wrong = {int(index) for index in trajectory.metadata.get(MASKED, "").split()}
    wrong |= {n for n, step in enumerate(trajectory.steps) if not step.observation.ok}
    if not wrong:
        return trajectory
    about = {**trajectory.metadata, MASKED: " ".join(map(str, sorted(wrong)))}
    return dataclasses.replace(trajectory, metadata=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Splits:
    target: tuple[str, ...] | None
    general: tuple[str, ...] | None
    general_row: str


def _splits(plan: Plan, model: Model) -> _Splits:
    """Which families are which. A model that says what it knows is asked for nothing else."""
    card: Mapping[str, Any] = getattr(model, "card", {})
    known = tuple(card.get("families", ())) or None
    if not plan.families:
        return _Splits(target=known, general=known, general_row="wordings")
    from codeact.tasks.families import families

    others = tuple(
        name for name in known or [each.name for each in families()] if name not in plan.families
    )
    if not others:
        raise ConfigError(ALL_TARGETS)
    return _Splits(target=plan.families, general=others, general_row="instances")


async def _measured(model: Model, splits: _Splits, plan: Plan) -> tuple[Measured, Measured]:
    """The target and the general split, the same tasks each time."""
    found = []
    for row, families in (("instances", splits.target), (splits.general_row, splits.general)):
        solved: list[str] = []

        def note(played: Played, solved: list[str] = solved) -> None:
            if played.solved:
                solved.append(played.instance.id)

        result = await measure(model, row, families=families, n=plan.n, told=note)
        found.append(Measured(solved=tuple(solved), n=result.n))
    return found[0], found[1]


class _Sampled:
    """A model that tries something else now and then: its temperature is set, its seed moves."""

    def __init__(self, model: Model, temperature: float, seed: int) -> None:
        self._model, self._temperature, self._seed = model, temperature, seed
        self.name, self.sees = model.name, model.sees
        self.context_tokens = model.context_tokens

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        stop: Sequence[str] = (),
        until: Until = never,
        tools: Sequence[ToolSchema] = (),
        sampling: Sampling = Sampling(),
        emit: Emit = ignore,
    ) -> Completion:
        self._seed += 1
        chosen = dataclasses.replace(sampling, temperature=self._temperature, seed=self._seed)
        return await self._model.complete(
            messages, stop=stop, until=until, tools=tools, sampling=chosen, emit=emit
        )

    async def aclose(self) -> None:
        await self._model.aclose()


def _settle(start: Path, folder: Path, plan: Plan) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLAN
    now = {"schema": SCHEMA, "start": str(start.resolve()), **dataclasses.asdict(plan)}
    now = json.loads(json.dumps(now))
    if not path.exists():
        path.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    if {**before, "rounds": 0} != {**now, "rounds": 0}:
        raise ConfigError(OTHER.format(folder=folder))


def _note(path: Path, done: Round) -> None:
    record = {**dataclasses.asdict(done), "model": str(done.model)}
    for name in ("target", "general"):
        record[name] = {**getattr(done, name).plain(), "solved": getattr(done, name).solved}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def _read(path: Path) -> list[Round]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
            splits = {
                name: Measured(solved=tuple(record[name]["solved"]), n=record[name]["n"])
                for name in ("target", "general")
            }
            found.append(Round(**{**record, **splits, "model": Path(record["model"])}))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} holds a line that is no round: {error!r}.") from error
    return found
