"""What a session's report says of each wall, and of what is missing here."""

from __future__ import annotations

import pytest

from codeact.interpreter.sandbox import ALL_WALLS, Network, SandboxPolicy, Tier, layers


def note(wall: str, tier: Tier, *, network: Network = "none", abi: int = 7) -> tuple[bool, str]:
    policy = SandboxPolicy(network=network)
    found = layers(policy, tier, own_uid=True, abi=abi, walls=ALL_WALLS)
    (layer,) = (each for each in found if each.wall == wall)
    return layer.stands, layer.note


def test_walls_that_stand_say_nothing() -> None:
    found = layers(SandboxPolicy(), "full+cgroup", own_uid=True, abi=7, walls=ALL_WALLS)
    assert all(each.stands and not each.note for each in found)


@pytest.mark.parametrize(
    ("abi", "stands", "said"),
    [(0, False, "no Landlock"), (3, True, "version 3"), (6, True, ""), (7, True, "")],
)
def test_an_old_or_missing_landlock_is_named(abi: int, stands: bool, said: str) -> None:
    found = note("landlock", "landlock", abi=abi)
    assert found[0] is stands
    assert said in found[1]


@pytest.mark.parametrize(
    ("tier", "network", "stands", "said"),
    [
        ("full", "none", True, ""),
        ("full", "full", False, "host's loopback is reachable"),
        ("landlock", "loopback", False, "no network instead"),
        ("landlock", "none", False, "refused by seccomp"),
    ],
)
def test_the_networks_wall_tells_what_the_policy_leaves(
    tier: Tier, network: Network, stands: bool, said: str
) -> None:
    found = note("network", tier, network=network)
    assert found[0] is stands
    assert said in found[1]
