"""The public ALFWorld games read from their planning problems, one layout a game."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from codeact.errors import DataError
from codeact.tasks.alfworld import Goal, Layout, Place, Thing, Treatment

ARCHIVE = Path("mint", "alfworld", "alfworld_valid_unseen_134.tar.gz")
"""Where the games lie in a folder of public data."""
GAME = "game.tw-pddl"

_FACT = re.compile(r"\(([^\s()]+)((?:\s+[^\s()]+)*)\s*\)")
_ABILITIES: Mapping[Treatment, str] = {
    "clean": "cleanable",
    "heat": "heatable",
    "cool": "coolable",
}
_STATES: Mapping[Treatment, str] = {"clean": "isClean", "heat": "isHot", "cool": "isCool"}
_KIND_OF_THING = re.compile(r"\(objectType\s+\?(\w+)\s+(\w+)\)")
_KIND_OF_PLACE = re.compile(r"\(receptacleType\s+\?\w+\s+(\w+)\)")


def games(data_dir: Path) -> dict[str, Layout]:
    """All games of a folder of public data by their ids. Raises DataError."""
    path = data_dir / ARCHIVE
    try:
        with tarfile.open(path) as archive:
            found = {}
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith("/" + GAME) else None
                if file is not None:
                    problem = json.loads(file.read())["pddl_problem"]
                    found["/".join(member.name.split("/")[-3:-1])] = layout(problem)
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise DataError(f"{path} holds no readable games: {error}") from error
    return found


def layout(problem: str) -> Layout:
    """The layout of one planning problem."""
    _, _, rest = problem.partition("(:init")
    start, _, goal = rest.partition("(:goal")
    facts: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for name, arguments in _FACT.findall(start):
        facts[name].append(tuple(arguments.split()))
    places, things = _places(problem, facts), _things(problem, facts)
    return Layout(
        places={place.name: place for place in places.values()},
        things={thing.name: thing for thing in things.values()},
        inside=_related(facts["inReceptacle"], things, places),
        room=frozenset((_kind(place), _kind(thing)) for place, thing in facts["canContain"]),
        goal=_goal(goal),
        start=next((each[1] for each in facts["atLocation"]), ""),
        treated=frozenset(
            (things[name].name, treatment)
            for treatment, state in _STATES.items()
            for (name,) in facts[state]
            if name in things
        ),
    )


def _places(problem: str, facts: Mapping[str, list[tuple[str, ...]]]) -> dict[str, Place]:
    spots = {each[0]: each[1] for each in facts["receptacleAtLocation"]}
    kinds = {each[0]: _kind(each[1]) for each in facts["receptacleType"]}
    openable = {name for (name,) in facts["openable"]}
    names = _numbered(_declared(problem, "receptacle"), kinds)
    return {
        id: Place(name=name, kind=kinds[id], spot=spots.get(id, ""), openable=id in openable)
        for id, name in names.items()
    }


def _things(problem: str, facts: Mapping[str, list[tuple[str, ...]]]) -> dict[str, Thing]:
    kinds = {each[0]: _kind(each[1]) for each in facts["objectType"]}
    able = {ability: {name for (name,) in facts[ability]} for ability in _ABILITIES.values()}
    portable = {name for (name,) in facts["pickupable"]}
    switches = {name for (name,) in facts["toggleable"]}
    names = _numbered(_declared(problem, "object"), kinds)
    return {
        id: Thing(
            name=name,
            kind=kinds[id],
            portable=id in portable,
            switch=id in switches,
            treatments=frozenset(
                treatment for treatment, ability in _ABILITIES.items() if id in able[ability]
            ),
        )
        for id, name in names.items()
    }


def _declared(problem: str, sort: str) -> list[str]:
    return re.findall(rf"(\S+_bar_\S+) - {sort}\b", problem)


def _numbered(ids: list[str], kinds: Mapping[str, str]) -> dict[str, str]:
    """The names that the agent reads: each kind is counted from its last id in the alphabet on."""
    counts: Counter[str] = Counter()
    names = {}
    for id in sorted(ids, reverse=True):
        if id in kinds:
            counts[kinds[id]] += 1
            names[id] = f"{kinds[id]} {counts[kinds[id]]}"
    return names


def _kind(type_name: str) -> str:
    return type_name.removesuffix("Type").lower()


def _related(
    pairs: list[tuple[str, ...]], things: Mapping[str, Thing], places: Mapping[str, Place]
) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for thing, place in pairs:
        if thing in things and place in places:
            found[things[thing].name].add(places[place].name)
    return {name: frozenset(where) for name, where in found.items()}


def _goal(text: str) -> Goal:
    kinds = {variable: _kind(kind) for variable, kind in _KIND_OF_THING.findall(text)}
    place = _KIND_OF_PLACE.search(text)
    treatments = [each for each, state in _STATES.items() if f"({state} " in text]
    if "isToggled" in text:
        return Goal(kind=kinds["o"], lamp=kinds["ot"])
    return Goal(
        kind=next(iter(kinds.values())),
        place=_kind(place.group(1)) if place else "",
        treatment=treatments[0] if treatments else None,
        count=max(len(kinds), 1),
    )
