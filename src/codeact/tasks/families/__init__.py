"""Synthetic tasks with programmatic answers, for training a small model and for measuring it.

Use, from data to trajectories:

    from codeact.tasks.families import Axes, instances
    from codeact.tasks.families.play import play

    drawn = instances(seed=1, count=60_000)                       # training side, endless variety
    async for played in play(drawn):                              # the real engine, one kernel
        if played.solved: append(path, played.trajectory)

`Played.trajectory.metadata` holds `task`, `family`, `group`, `mistake` (its kind, or nothing) and
`masked_steps`: the indices, separated by spaces, of actions that were wrong on purpose; a trainer
takes no loss on them and keeps it on what follows. Evaluation: `Axes(wording="held", …)` draws from
the side that training never sees, `play(drawn, model=…)` lets a model act, `held_out_hash()` tells
whether a model was trained with the same sides.
"""

from __future__ import annotations

from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.instances import Axes, Instance, held_out_hash, instances
from codeact.tasks.families.registry import families

__all__ = ["Axes", "Case", "Draw", "Family", "Instance", "families", "held_out_hash", "instances"]
