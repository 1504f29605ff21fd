"""Trajectories to learn from: drawn tasks, solved by their oracles in the real interpreter."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from codeact import trajectory as trajectories
from codeact.tasks.families import Axes, instances
from codeact.tasks.families.play import play
from codeact.trajectory import Trajectory

TRAINS = Axes()
"""The side of every axis that training may see."""


async def play_for_training(
    path: Path,
    *,
    count: int,
    seed: int,
    families: Sequence[str] | None = None,
    seconds: float | None = None,
    told: Callable[[int, Trajectory], None] = lambda number, trajectory: None,
) -> int:
    """Append solved episodes to a file of trajectories, at most `count` and for `seconds`; how many
    were kept. An episode whose mistake did not fail as it was meant to is left out.
    """
    begun = time.monotonic()
    kept = 0
    async with aclosing(play(instances(seed, count, TRAINS, families))) as episodes:
        async for played in episodes:
            if played.solved and played.sound:
                trajectories.append(path, played.trajectory)
                kept += 1
                told(kept, played.trajectory)
            if seconds is not None and time.monotonic() - begun > seconds:
                break
    return kept
