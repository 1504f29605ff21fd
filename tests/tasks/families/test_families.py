"""Every family: its oracle solves it in the real engine, its judge refuses other answers."""

from __future__ import annotations

import random
import re

import pytest

from codeact.tasks.families import Axes, families, instances
from codeact.tasks.families.held_out import gist
from codeact.tasks.families.instances import draw
from codeact.tasks.families.play import Played, play
from codeact.tasks.families.wording import skeleton

pytestmark = pytest.mark.anyio

NAMES = [each.name for each in families()]
EACH = 6
SKELETONS = 200


async def played(names: list[str], axes: Axes, count: int, seed: int = 5) -> list[Played]:
    return [each async for each in play(instances(seed, count, axes, names))]


@pytest.mark.parametrize("name", NAMES)
async def test_the_oracle_solves_instances_of_every_family(name: str) -> None:
    for each in await played([name], Axes(repairs=0), EACH):
        assert each.sound, each.trajectory
        assert each.solved, each.trajectory


@pytest.mark.parametrize("name", NAMES)
async def test_the_oracle_solves_held_out_wordings_and_names(name: str) -> None:
    for each in await played([name], Axes(wording="held", names="held", repairs=0), EACH):
        assert each.sound, each.trajectory
        assert each.solved, each.trajectory


@pytest.mark.parametrize("name", NAMES)
def test_every_family_has_hundreds_of_wordings(name: str) -> None:
    family = next(each for each in families() if each.name == name)
    rng = random.Random(1)
    found = {gist(skeleton(family.wordings, frozenset(), rng)) for _ in range(4000)}
    assert len(found) >= SKELETONS


@pytest.mark.parametrize("name", NAMES)
def test_every_family_has_eight_held_out_wordings_by_hand(name: str) -> None:
    family = next(each for each in families() if each.name == name)
    assert len({gist(each) for each in family.held}) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_wordings_name_only_slots_that_are_filled(name: str) -> None:
    for side in ("train", "held"):
        axes = Axes(wording=side, requests=side)
        family = next(each for each in families() if each.name == name)
        for number in range(60):
            instance = draw(family, random.Random(number), axes)
            assert not re.search(r"\{[a-z]+\}|[<\[]\w+[>|]", instance.request), instance.request
            assert not re.search(r"\{(?!out\})[a-z]+\}", instance.answer), instance.answer
