"""Instances of the families: a worded request, its world, its judge and the way to solve it."""

from __future__ import annotations

import functools
import hashlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from codeact.actions import Answer
from codeact.formats import ActionFormat
from codeact.messages import Message
from codeact.observations import Observation
from codeact.prompt import system_prompt
from codeact.rollout import Task, World
from codeact.tasks.families.expected import Expected, Talk
from codeact.tasks.families.family import ANSWERS, Case, Draw, Family, Group
from codeact.tasks.families.held_out import definition_hash, gist, reserved
from codeact.tasks.families.mistakes import spoiled
from codeact.tasks.families.names import Side
from codeact.tasks.families.registry import by_name, families
from codeact.tasks.families.wording import skeleton, slipped
from codeact.tools import Tool, Toolbox
from codeact.trajectory import Trajectory

GENERIC = 0.45
"""How often an answer is one of those that suit any question."""
TRIES = 2_000
SHARES: Mapping[Group, float] = {
    "warmup": 0.06,
    "newcomer": 0.42,
    "text": 0.16,
    "tools": 0.15,
    "files": 0.12,
    "programs": 0.02,
    "talk": 0.07,
}
"""How much of the mixture of all families each group has."""

_SLOT = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """From which side wordings, names and whole requests are drawn. `repairs` is the share of
    instances whose way begins with a mistake, where they offer room for one.
    """

    wording: Side = "train"
    names: Side = "train"
    requests: Side = "train"
    repairs: float = 0.25

    @property
    def trains(self) -> bool:
        return self.wording == self.names == self.requests == "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One action of the way. `wrong`: it is meant to fail."""

    code: str
    wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One task in words. `way` are the actions of the oracle, `answer` its last word, in which
    `{out}` is what the last action printed; `skeleton` is the request with its slots open; `names`
    are the names drawn; `proof` is code that has to run without an error after the answer.
    """

    id: str
    family: str
    group: Group
    request: str
    skeleton: str
    tools: tuple[Tool, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    expected: Expected
    way: tuple[Turn, ...]
    answer: str
    mistake: str = ""
    names: tuple[str, ...] = ()
    proof: str = ""

    def task(self) -> Task:
        """As `rollout` takes it; any answer ends the episode, `solved` judges it."""
        return Task(id=self.id, domain=self.family, prompt=self.prompt, open=self.world)

    def prompt(self, format: ActionFormat, toolbox: Toolbox) -> Sequence[Message]:
        return (system_prompt(format, toolbox), Message(role="user", content=self.request))

    def world(self) -> World:
        return World(toolbox=Toolbox(self.tools), user=_Content(), files=self.files)

    def solved(self, trajectory: Trajectory, workspace: Path) -> bool:
        """Whether the answer is right, and what should stand in the workspace stands there. Where
        there is a `proof` it has to hold as well (`play.live` runs it).

        Where words alone are wanted, an action is a fault; elsewhere an answer without one is a
        guess, right or wrong.
        """
        answer = trajectory.answer
        if answer is None:
            return False
        acted = any(not isinstance(step.action, Answer) for step in trajectory.steps)
        if isinstance(self.expected, Talk) and acted:
            return False
        return self.expected.accepts(answer, self.request, workspace)


@dataclass(frozen=True, slots=True)
class _Content:
    """The user who takes the first answer."""

    async def hear(self, answer: str) -> Observation:
        return Observation(text="", source="user", done=True)


def instances(
    seed: int,
    count: int,
    axes: Axes = Axes(),
    families: Sequence[str] | None = None,
) -> Iterator[Instance]:
    """`count` instances, the same for the same arguments, no request twice.

    `families` are names, mixed by weight; None mixes all by SHARES. With `axes.requests` "held"
    only requests come that training never draws, with "train" only others. Requests that are the
    same for everybody ("hi") belong to training and may come again. Raises KeyError for an unknown
    family, LookupError where nothing fresh is found.
    """
    chosen = _chosen(families)
    weights = _weights(chosen, mixed=families is None)
    seen: set[bytes] = set()
    for number in range(count):
        rng = random.Random(f"{seed}/{number}/{axes.wording}/{axes.names}/{axes.requests}")
        yield _fresh(rng, chosen, weights, axes, seen, f"{seed}-{number}")


def _chosen(names: Sequence[str] | None) -> list[Family]:
    return list(families()) if names is None else [by_name(name) for name in names]


def _weights(chosen: Sequence[Family], *, mixed: bool) -> list[float]:
    """By the weights of the families; in the mixture of all, each group has its share."""
    if not mixed:
        return [each.weight for each in chosen]
    sums: dict[str, float] = {}
    for each in chosen:
        sums[each.group] = sums.get(each.group, 0.0) + each.weight
    return [SHARES[each.group] * each.weight / sums[each.group] for each in chosen]


def _fresh(
    rng: random.Random,
    chosen: list[Family],
    weights: list[float],
    axes: Axes,
    seen: set[bytes],
    number: str,
) -> Instance:
    """An instance of the right side whose request has not been drawn before."""
    for _ in range(TRIES):
        family = rng.choices(chosen, weights)[0]
        instance = draw(family, rng, axes, number)
        shown = _shown(instance)
        small_talk = "{" not in instance.skeleton and not instance.tools and not instance.files
        if small_talk and axes.requests == "train":
            return instance
        if small_talk or reserved(shown) != (axes.requests == "held"):
            continue
        digest = hashlib.sha256(shown.encode()).digest()[:12]
        if digest in seen:
            continue
        seen.add(digest)
        return instance
    raise LookupError(f"{len(seen)} requests exhaust {', '.join(each.name for each in chosen)}.")


def draw(family: Family, rng: random.Random, axes: Axes, number: str = "0") -> Instance:
    """One instance of a family, its request not yet looked at."""
    dice = Draw(rng, axes.names)
    case = family.draw(dice)
    if axes.wording == "held":
        open_request = rng.choice(family.held)
        worded = open_request
    else:
        open_request = skeleton(family.wordings, _held_gists(), rng, framed=family.framed)
        worded = slipped(open_request, rng) if family.framed else open_request
    side = "train" if axes.trains else f"held-{axes.wording}-{axes.names}-{axes.requests}"
    instance = Instance(
        id=f"{family.name}/{side}/{number}",
        family=family.name,
        group=family.group,
        request=_filled(worded, case.slots),
        skeleton=open_request,
        tools=case.tools,
        files=case.files,
        expected=case.expected,
        way=tuple(Turn(code=code) for code in case.code),
        answer=_filled(_answer(case, open_request, rng), case.slots),
        names=tuple(dice.names.used),
        proof=case.proof,
    )
    return _stumbling(instance, case, rng) if rng.random() < axes.repairs else instance


def _answer(case: Case, open_request: str, rng: random.Random) -> str:
    """An answer that names only what the request names, where there is one."""
    own = [
        each
        for each in case.answers
        if all(slot == "{out}" or slot in open_request for slot in _SLOT.findall(each))
    ]
    general = case.code and case.plain and (not own or rng.random() < GENERIC)
    return rng.choice(ANSWERS if general else own or case.answers)


def _stumbling(instance: Instance, case: Case, rng: random.Random) -> Instance:
    """The instance with a mistake on its way, where there is room for one."""
    if case.stumbles and rng.random() < 0.6:
        stumble = rng.choice(case.stumbles)
        look = (Turn(code=stumble.look),) if stumble.look else ()
        wrong = (Turn(code=stumble.wrong, wrong=True), *look)
        way = (*instance.way[: stumble.at], *wrong, *instance.way[stumble.at :])
        return replace(instance, way=way, mistake=stumble.kind)
    if not case.code:
        return instance
    at = rng.randrange(len(case.code))
    found = spoiled(case.code[at], rng, [each.name for each in case.tools])
    if found is None:
        return instance
    kind, code = found
    way = (*instance.way[:at], Turn(code=code, wrong=True), *instance.way[at:])
    return replace(instance, way=way, mistake=kind)


def _filled(text: str, slots: Mapping[str, str]) -> str:
    for name, value in slots.items():
        text = text.replace("{" + name + "}", value)
    return text


def _shown(instance: Instance) -> str:
    """All that the model is shown of an instance before it acts."""
    tools = "\n".join(each.signature for each in instance.tools)
    files = "\n".join(f"{name}: {hash_of(data)}" for name, data in sorted(instance.files.items()))
    return f"{instance.request}\n{tools}\n{files}"


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@functools.cache
def _held_gists() -> frozenset[str]:
    """Of all families: what one of them holds out, another must not say either."""
    return frozenset(gist(each) for family in families() for each in family.held)


def held_out_hash(names: Sequence[str] | None = None) -> str:
    """The fingerprint of all that is held out from these families, or from all; a model that was
    trained with another one must not be measured on these sides. Raises KeyError for an unknown
    family.
    """
    return definition_hash({each.name: each.held for each in _chosen(names)})
