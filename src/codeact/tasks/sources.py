"""Where tasks to collect from come from, by the names that the command line knows them by."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from codeact.errors import ConfigError
from codeact.tasks import alfworld_tasks, apps, competition_math, hotpotqa, mint, wikitables
from codeact.tasks.families import Axes, instances
from codeact.tasks.families.instances import Instance
from codeact.tasks.problems import Problem
from codeact.trajectory import Trajectory

FAMILIES = "families"
FAMILY_STEPS = 8

NO_SOURCE = "There is no source named {name!r}. The sources are: {known}."
NO_DATA = (
    "The source {name!r} reads public files. Name their folder with --data-dir or in CODEACT_DATA."
)
NO_FAMILY = "{error}. `codeact data collect --list` names all families."
UNBOUND = "The families never end. Say how many tasks you want (-n)."


def _mint(kind: mint.Kind, data_dir: Path, count: int | None) -> list[Problem]:
    return [Problem(task=task) for task in mint.tasks(data_dir, [kind])]


def _alfworld(data_dir: Path, count: int | None) -> list[Problem]:
    return [Problem(task=task, steps=None) for task in alfworld_tasks.tasks(data_dir)]


def _tables(name: str, data_dir: Path, count: int | None) -> list[Problem]:
    return wikitables.problems(data_dir, variants=wikitables.VARIANTS[name], count=count)


Load = Callable[[Path, int | None], list[Problem]]

FROM_FILES: Mapping[str, Load] = {
    "math": lambda data_dir, count: competition_math.problems(data_dir),
    "hotpotqa": lambda data_dir, count: hotpotqa.problems(data_dir),
    "apps": lambda data_dir, count: apps.problems(data_dir),
    **{name: partial(_tables, name) for name in wikitables.VARIANTS},
    "alfworld": _alfworld,
    **{f"mint-{kind}": partial(_mint, kind) for kind in mint.KINDS},
}
NAMES = (FAMILIES, *FROM_FILES)

EVALUATES = frozenset({"alfworld", *(f"mint-{kind}" for kind in mint.KINDS)})
"""Sources whose public files are a benchmark's: what is learned from them cannot be measured on
them.
"""


def load(
    name: str,
    *,
    count: int | None = None,
    seed: int = 1,
    data_dir: Path | None = None,
    families: Sequence[str] | None = None,
    repairs: float = 0.25,
) -> list[Problem]:
    """`count` problems of a source, the same for the same arguments; of files a random sample in a
    random order, all where `count` is None (of tables the largest, as in the paper).

    Raises ConfigError, DataError.
    """
    if name == FAMILIES:
        if count is None:
            raise ConfigError(UNBOUND)
        try:
            drawn = list(instances(seed, count, Axes(repairs=repairs), families))
        except LookupError as error:
            raise ConfigError(NO_FAMILY.format(error=error)) from error
        return [_of_instance(each) for each in drawn]
    if name not in FROM_FILES:
        raise ConfigError(NO_SOURCE.format(name=name, known=", ".join(NAMES)))
    if data_dir is None:
        raise ConfigError(NO_DATA.format(name=name))
    found = FROM_FILES[name](data_dir, count)
    random.Random(seed).shuffle(found)
    return found[:count]


def _of_instance(instance: Instance) -> Problem:
    return Problem(
        task=instance.task(),
        solved=partial(_judged, instance),
        instance=instance,
        steps=FAMILY_STEPS,
    )


async def _judged(instance: Instance, trajectory: Trajectory, workspace: Path) -> bool:
    return instance.solved(trajectory, workspace)
