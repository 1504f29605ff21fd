"""All families, by name."""

from __future__ import annotations

import functools

from codeact.tasks.families import (
    asking_tools,
    characters,
    chores,
    counting,
    csv_files,
    dates,
    everyday,
    geometry,
    integers,
    listings,
    lists,
    money,
    numerals,
    pairs,
    programs,
    ratios,
    records,
    site,
    stories,
    talk,
    texts,
    warmup,
)
from codeact.tasks.families.family import Family

_ROOMS = (
    warmup,
    counting,
    integers,
    listings,
    numerals,
    geometry,
    everyday,
    money,
    ratios,
    dates,
    lists,
    pairs,
    programs,
    stories,
    talk,
    texts,
    characters,
    asking_tools,
    records,
    site,
    csv_files,
    chores,
)


@functools.cache
def families() -> tuple[Family, ...]:
    """Every family, in a stable order."""
    return tuple(each for room in _ROOMS for each in room.FAMILIES)


@functools.cache
def _index() -> dict[str, Family]:
    return {each.name: each for each in families()}


def by_name(name: str) -> Family:
    """Raises KeyError."""
    return _index()[name]
