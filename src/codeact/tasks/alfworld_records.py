"""A game's layout as far as a recorded run shows it, for where the game itself is not at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codeact.errors import DataError
from codeact.tasks.alfworld import Goal, Layout, Place, Thing, Treatment

_NAME = r"[a-z]+ \d+"
_VIEW = re.compile(rf"(?:On the ({_NAME})|The ({_NAME}) is open\. In it), you see ([^\n]*?)\.")
_CLOSED = re.compile(rf"The ({_NAME}) is closed\.|You open the ({_NAME})\.")
_THING = re.compile(rf"an? ({_NAME})")
_ALWAYS_CLOSED = frozenset({"fridge", "microwave", "safe"})
_TREATMENTS: dict[str, Treatment] = {"clean": "clean", "heat": "heat", "cool": "cool"}


def shown(id: str, prompt: str, texts: Iterable[str]) -> Layout:
    """The layout of the game `id` from the prompt's list of receptacles and the texts that tell
    what was seen where; of each receptacle the first view counts. What nobody looked into is empty.

    Raises DataError where the id is none of a game.
    """
    names = list(dict.fromkeys(_THING.findall(prompt)))
    contents: dict[str, list[str]] = {}
    openable = {name for name in names if _kind(name) in _ALWAYS_CLOSED}
    for text in texts:
        openable.update(first or second for first, second in _CLOSED.findall(text))
        for on, inside, listed in _VIEW.findall(text):
            if inside:
                openable.add(inside)
            contents.setdefault(on or inside, _THING.findall(listed))
    places = {name: _place(name, name in openable) for name in dict.fromkeys([*names, *contents])}
    where = {thing: place for place, things in contents.items() for thing in things}
    things = {
        name: Thing(name=name, kind=_kind(name), switch=_kind(name).endswith("lamp"))
        for name in where
    }
    kinds = {thing.kind for thing in things.values()}
    return Layout(
        places=places,
        things=things,
        inside={thing: frozenset({place}) for thing, place in where.items()},
        room=frozenset((place.kind, kind) for place in places.values() for kind in kinds),
        goal=goal(id),
    )


def goal(id: str) -> Goal:
    """What a game asks for, by its id. Raises DataError."""
    try:
        task, kind, _, place, _ = id.split("/")[0].lower().split("-")
    except ValueError as error:
        raise DataError(f"{id!r} is not the id of an ALFWorld game.") from error
    if task.startswith("look_at_obj"):
        return Goal(kind=kind, lamp=place)
    words = task.split("_")
    treatments = [_TREATMENTS[word] for word in words if word in _TREATMENTS]
    return Goal(
        kind=kind,
        place=place,
        treatment=treatments[0] if treatments else None,
        count=2 if "two" in words else 1,
    )


def _place(name: str, openable: bool) -> Place:
    return Place(name=name, kind=_kind(name), spot=name, openable=openable)


def _kind(name: str) -> str:
    return name.rpartition(" ")[0]
