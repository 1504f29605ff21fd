"""How good the embedded model is: tasks of its families on what training never saw, really run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from codeact.errors import ConfigError
from codeact.evals.statistics import wilson
from codeact.models import Model
from codeact.tasks.families import Axes, Instance, held_out_hash, instances
from codeact.tasks.families.play import Played, play

ROWS: Mapping[str, Axes] = {
    "instances": Axes(requests="held", repairs=0.0),
    "wordings": Axes(requests="held", wording="held", repairs=0.0),
    "names": Axes(requests="held", names="held", repairs=0.0),
    "recovery": Axes(requests="held", repairs=1.0),
    "outside": Axes(wording="held", repairs=0.0),
}
"""Each row holds out one thing more than the numbers and names of a request; `recovery` begins with
a wrong action, whose error the model has to get over; `outside` asks for what no family knows, and
solved is to say so and how a larger model is connected.
"""
OUTSIDE = ("limits",)
"""The family of what lies outside of all others; its held-out requests are written by hand."""
GATES: Mapping[str, float] = {
    "instances": 0.90,
    "wordings": 0.70,
    "names": 0.70,
    "recovery": 0.50,
    "outside": 0.70,
}
"""The success rates at which the model would be good enough to be recommended in its domain."""

SEED = 20_000
EPISODES = 500
MAX_STEPS = 5

OTHER_SIDES = (
    "The model was trained with other held-out sides ({trained}) than this version draws ({here}): "
    "what it saw in training might be in the measurement. Train it again, or measure it with the "
    "version that it came with."
)
NO_ROW = "There is no row {name!r}. There are {known}."


@dataclass(frozen=True, slots=True)
class Row:
    """A success rate with its 95 % Wilson interval; `families` hold (solved, lived) each."""

    row: str
    n: int
    successes: int
    families: Mapping[str, tuple[int, int]]

    @property
    def rate(self) -> float:
        return self.successes / self.n if self.n else 0.0

    @property
    def passes(self) -> bool:
        return self.rate >= GATES[self.row]

    def plain(self) -> dict[str, Any]:
        bounds = wilson(self.successes, self.n)
        return {
            "row": self.row,
            "n": self.n,
            "successes": self.successes,
            "rate": round(self.rate, 4),
            "low": round(bounds.low, 4),
            "high": round(bounds.high, 4),
        }


def check_sides(card: Mapping[str, Any]) -> None:
    """Raises ConfigError when the model may have been trained on what is measured here."""
    trained, here = card.get("held_out"), "other families"
    with suppress(KeyError):
        here = held_out_hash(card.get("families"))
    if trained != here:
        raise ConfigError(OTHER_SIDES.format(trained=trained, here=here))


def rows_of(families: Sequence[str] | None) -> tuple[str, ...]:
    """The rows that a model of these families is measured by."""
    knows = families is None or set(OUTSIDE) <= set(families)
    return tuple(each for each in ROWS if each != "outside" or knows)


async def measure(
    model: Model,
    name: str,
    *,
    families: Sequence[str] | None,
    n: int = EPISODES,
    seed: int = SEED,
    told: Callable[[Played], None] = lambda played: None,
) -> Row:
    """One row. `families` are those that the model knows. Raises ConfigError for another row."""
    if name not in ROWS:
        raise ConfigError(NO_ROW.format(name=name, known=", ".join(ROWS)))
    tally: dict[str, tuple[int, int]] = {}
    count = 0
    cases = drawn(name, families, n, seed)
    async with aclosing(play(cases, model=model, max_steps=MAX_STEPS)) as episodes:
        async for played in episodes:
            if _harmless(played):
                continue
            solved, lived = tally.get(played.instance.family, (0, 0))
            tally[played.instance.family] = (solved + played.solved, lived + 1)
            told(played)
            count += 1
            if count == n:
                break
    successes = sum(solved for solved, _ in tally.values())
    return Row(name, count, successes, tally)


def drawn(name: str, families: Sequence[str] | None, n: int, seed: int) -> Iterator[Instance]:
    """The row's instances, the same for the same seed; for recovery those that begin wrong."""
    if name == "outside":
        yield from _different(instances(seed, n * 8, ROWS[name], OUTSIDE), n)
        return
    spare = 4 if name == "recovery" else 1
    for instance in instances(seed, n * spare, ROWS[name], families):
        if name != "recovery" or any(turn.wrong for turn in instance.way):
            yield instance


def _different(drawn: Iterable[Instance], n: int) -> Iterator[Instance]:
    """The first `n` of which no two say the same."""
    seen: set[str] = set()
    for instance in drawn:
        if instance.skeleton not in seen and len(seen) < n:
            seen.add(instance.skeleton)
            yield instance


def _harmless(played: Played) -> bool:
    """Whether a mistake on the way did not fail, so that there was nothing to recover from."""
    pairs = zip(played.instance.way, played.trajectory.steps, strict=False)
    return any(turn.wrong and step.observation.ok for turn, step in pairs)
