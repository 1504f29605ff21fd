"""Each attack in each tier, and the same attack where the walls that hold it are missing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest

from codeact.interpreter.offer import probe, tier
from codeact.interpreter.sandbox import ALL_WALLS, Tier, Wall
from tests.sandbox.attacks import ATTACKS, BOTH, Attack, Who
from tests.sandbox.battlefield import Battlefield, battlefield, people

pytestmark = [
    pytest.mark.skipif(tier(probe()) == "none", reason="this machine offers no walls"),
    pytest.mark.timeout(120),  # the first test of a group lets off all attacks of the group
]

TIERS: tuple[Tier, ...] = ("full", "landlock")
Said = dict[str, str]


class Results:
    """Runs all attacks that share walls and policy at once, and keeps what they said."""

    def __init__(self, field: Battlefield) -> None:
        self._said = lru_cache(self._run)
        self._field = field

    def of(
        self, attack: Attack, tier: Tier, walls: frozenset[Wall], *, docker: bool = False
    ) -> str:
        policy = tuple(sorted(attack.policy.items()))
        return self._said(tier, walls, policy, docker)[attack.name]

    def _run(
        self,
        tier: Tier,
        walls: frozenset[Wall],
        policy: tuple[tuple[str, int | str], ...],
        docker: bool,
    ) -> Said:
        group = [
            each
            for each in ATTACKS
            if tuple(sorted(each.policy.items())) == policy
            and (walls == ALL_WALLS or (walls == ALL_WALLS - set(each.walls)))
        ]
        return self._field.run(group, tier, walls=walls, container=docker, policy=dict(policy))


@pytest.fixture(scope="module")
def results() -> Iterator[dict[Who, Results]]:
    with battlefield(people()[0]) as first, battlefield(people()[-1]) as last:
        yield {people()[0]: Results(first), people()[-1]: Results(last)}


def _skip_unless(who: Who, wanted: Tier) -> None:
    if who not in people():
        pytest.skip(f"cannot attack as {who} here")
    if wanted == "full" and not tier(probe()).startswith("full"):
        pytest.skip("this machine has no full tier")


def _named(attack: Attack) -> str:
    return attack.name.replace(" ", "-")


_SHOWN = [
    pytest.param(who, attack, id=f"{who}-{_named(attack)}")
    for who in BOTH
    for attack in ATTACKS
    if attack.can_show(who)
]
"""Some attacks on an ordinary user are held by the system itself: no wall of ours to take away."""


@pytest.mark.parametrize("attack", ATTACKS, ids=_named)
@pytest.mark.parametrize("wanted", TIERS)
@pytest.mark.parametrize("who", BOTH)
def test_an_attack_ends_as_the_table_says(
    results: dict[Who, Results], who: Who, wanted: Tier, attack: Attack
) -> None:
    _skip_unless(who, wanted)
    said = results[who].of(attack, wanted, ALL_WALLS)
    assert said.partition(":")[0] == attack.expected(wanted, who), said


@pytest.mark.parametrize(("who", "attack"), _SHOWN)
@pytest.mark.parametrize("wanted", TIERS)
def test_an_attack_gets_through_without_the_walls_that_hold_it(
    results: dict[Who, Results], who: Who, wanted: Tier, attack: Attack
) -> None:
    _skip_unless(who, wanted)
    left = ALL_WALLS - set(attack.walls)
    said = results[who].of(attack, attack.without(wanted, who), left)
    assert said.startswith("breach"), said


@pytest.mark.parametrize("attack", ATTACKS, ids=_named)
@pytest.mark.parametrize("who", BOTH)
def test_the_landlock_tier_holds_where_a_container_refuses_namespaces(
    results: dict[Who, Results], who: Who, attack: Attack
) -> None:
    _skip_unless(who, "landlock")
    said = results[who].of(attack, "landlock", ALL_WALLS, docker=True)
    assert said.partition(":")[0] == attack.expected("landlock", who), said
