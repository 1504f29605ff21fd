"""The fuzz targets take their seeds, and seeds with a few bytes changed, without atheris."""

from __future__ import annotations

import random

import pytest
from fuzz.targets import TARGETS, frames, seeds


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_seeds_and_damaged_ones(name: str) -> None:
    chance = random.Random(name)
    for seed in seeds(name):
        TARGETS[name](seed)
        for _ in range(30):
            damaged = bytearray(seed)
            for _ in range(chance.randrange(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            TARGETS[name](bytes(damaged[: chance.randrange(len(damaged) + 1)]))


def test_seeds_of_frames_are_frames_that_can_be_read() -> None:
    assert all(frames(seed) for name in ("wire", "calls") for seed in seeds(name))
