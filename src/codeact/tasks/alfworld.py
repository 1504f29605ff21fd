"""A household of ALFWorld as a value and its moves: the text world in plain Python, no simulator.

It follows the public games' rules and sentences; an agent's code meets it as eleven tools.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codeact.tools import Tool, Toolbox, tool

Treatment = Literal["clean", "heat", "cool"]

MOVES = 50
"""The public environment ends a game after this many moves, and MINT counted that as success."""
NOTHING = "Nothing happens."
ROOM = "You are in the middle of a room. Looking quickly around you, you see {things}."
FACING = "You are facing the {places}. Next to it, you see nothing."

_STATIONS: Mapping[Treatment, str] = {"clean": "sinkbasin", "heat": "microwave", "cool": "fridge"}
_UNDOES: Mapping[Treatment, Treatment] = {"heat": "cool", "cool": "heat"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A receptacle. Several may stand at one `spot`, where the agent has all of them at hand."""

    name: str
    kind: str
    spot: str
    openable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object, with what can be done to it."""

    name: str
    kind: str
    portable: bool = True
    switch: bool = False
    treatments: frozenset[Treatment] = frozenset({"clean", "heat", "cool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`count` things of a kind, treated, in a place of a kind; or, with a `lamp`, one in hand while
    a lamp that was switched on is near.
    """

    kind: str
    place: str = ""
    treatment: Treatment | None = None
    count: int = 1
    lamp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a game begins. `inside` names the places that hold a thing; `room` the kinds of things
    that a kind of place takes.
    """

    places: Mapping[str, Place]
    things: Mapping[str, Thing]
    inside: Mapping[str, frozenset[str]]
    room: frozenset[tuple[str, str]]
    goal: Goal
    start: str = ""
    treated: frozenset[tuple[str, Treatment]] = frozenset()


class House:
    """One game: what the agent has done to a layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._spot = layout.start
        self._held = ""
        self._open: set[str] = set()
        self._switched: set[str] = set()
        self._inside = {name: set(where) for name, where in layout.inside.items()}
        self._treated = set(layout.treated)
        self.moves = 0
        self.won = False

    @property
    def done(self) -> bool:
        """Whether the public environment would have ended the game."""
        return self.won or self.moves >= MOVES

    def toolbox(self) -> Toolbox:
        """The moves as an agent's code calls them."""
        return Toolbox(tuple(self._tools()))

    def goto(self, receptacle: Any) -> str:
        """Go to a receptacle, such as `goto("drawer 1")`, and see what is in or on it."""
        place = self._layout.places.get(str(receptacle))
        if place is None or place.spot == self._spot:
            return self._moved(NOTHING)
        self._spot = place.spot
        return self._moved(self._view(place))

    def open_receptacle(self, receptacle: Any) -> str:
        """Open a receptacle that you are at, such as `open_receptacle("fridge 1")`."""
        place = self._here(receptacle)
        if place is None or not place.openable or place.name in self._open:
            return self._moved(NOTHING)
        self._open.add(place.name)
        return self._moved(f"You open the {place.name}. {self._view(place)}")

    def close_receptacle(self, receptacle: Any) -> str:
        """Close a receptacle that you are at, such as `close_receptacle("microwave 1")`."""
        place = self._here(receptacle)
        if place is None or place.name not in self._open:
            return self._moved(NOTHING)
        self._open.remove(place.name)
        return self._moved(f"You close the {place.name}.")

    def take_from(self, object: Any, receptacle: Any) -> str:
        """Take an object from a receptacle that you are at, such as
        `take_from("mug 1", "shelf 2")`. You can carry one.
        """
        place, thing = self._here(receptacle), self._layout.things.get(str(object))
        if place is None or thing is None or not thing.portable or self._held:
            return self._moved(NOTHING)
        if place.name not in self._inside.get(object, ()) or not self._accessible(place):
            return self._moved(NOTHING)
        self._inside[object].discard(place.name)
        self._held = object
        return self._moved(f"You pick up the {object} from the {place.name}.")

    def put(self, object: Any, receptacle: Any) -> str:
        """Put the object that you carry in or on a receptacle that you are at, such as
        `put("mug 1", "desk 2")`.
        """
        place = self._here(receptacle)
        if place is None or not object or self._held != object or not self._accessible(place):
            return self._moved(NOTHING)
        if (place.kind, self._layout.things[object].kind) not in self._layout.room:
            return self._moved(NOTHING)
        self._inside.setdefault(object, set()).add(place.name)
        self._held = ""
        return self._moved(f"You put the {object} in/on the {place.name}.")

    def clean(self, object: Any, receptacle: Any) -> str:
        """Clean the object that you carry, such as `clean("cloth 1", "sinkbasin 1")`."""
        return self._treat("clean", object, receptacle)

    def heat(self, object: Any, receptacle: Any) -> str:
        """Heat the object that you carry, such as `heat("egg 1", "microwave 1")`."""
        return self._treat("heat", object, receptacle)

    def cool(self, object: Any, receptacle: Any) -> str:
        """Cool the object that you carry, such as `cool("bottle 1", "fridge 1")`."""
        return self._treat("cool", object, receptacle)

    def use(self, receptacle: Any) -> str:
        """Switch on a lamp or another device that is near, such as `use("desklamp 1")`."""
        thing = self._layout.things.get(str(receptacle))
        if thing is None or not thing.switch or not self._near(receptacle):
            return self._moved(NOTHING)
        self._switched.add(receptacle)
        return self._moved(f"You turn on the {receptacle}.")

    def toggle(self, object_or_receptacle: Any) -> str:
        """Toggle an object or a receptacle; the public games have no such move."""
        return self._moved(NOTHING)

    def look(self) -> str:
        """Look around: what you are facing, and what lies next to it."""
        facing = [name for name, place in self._layout.places.items() if place.spot == self._spot]
        if not facing:
            return self._moved(ROOM.format(things="nothing"))
        return self._moved(FACING.format(places=_listed(_ordered(facing))))

    def overview(self) -> str:
        """The sentence that a game begins with. No move."""
        return ROOM.format(things=_listed(f"a {name}" for name in _ordered(self._layout.places)))

    def _tools(self) -> Iterable[Tool]:
        """An argument of another type than text is a vain move, not an error."""
        moves = (self.put, self.goto, self.take_from, self.open_receptacle, self.toggle)
        others = (self.close_receptacle, self.clean, self.heat, self.cool, self.use, self.look)
        for each in (tool(move) for move in (*moves, *others)):
            yield dataclasses.replace(each, signature=each.signature.replace(": Any", ": str"))

    def _treat(self, treatment: Treatment, object: Any, receptacle: Any) -> str:
        place = self._here(receptacle)
        if place is None or not object or self._held != object:
            return self._moved(NOTHING)
        able = treatment in self._layout.things[object].treatments
        if not able or place.kind != _STATIONS[treatment]:
            return self._moved(NOTHING)
        self._treated.add((object, treatment))
        if treatment in _UNDOES:
            self._treated.discard((object, _UNDOES[treatment]))
        return self._moved(f"You {treatment} the {object} using the {place.name}.")

    def _here(self, name: Any) -> Place | None:
        place = self._layout.places.get(str(name))
        return place if place is not None and place.spot == self._spot else None

    def _near(self, thing: str) -> bool:
        inside = self._inside.get(thing, ())
        return any(self._layout.places[name].spot == self._spot for name in inside)

    def _accessible(self, place: Place) -> bool:
        return not place.openable or place.name in self._open

    def _view(self, place: Place) -> str:
        if not self._accessible(place):
            return f"The {place.name} is closed."
        held = (name for name, where in self._inside.items() if place.name in where)
        contents = _listed(f"a {name}" for name in _ordered(held))
        if place.openable:
            return f"The {place.name} is open. In it, you see {contents}."
        return f"On the {place.name}, you see {contents}."

    def _moved(self, text: str) -> str:
        """Every attempt is a move, a vain one too. A game that is over stays as it ended."""
        if not self.done:
            self.moves += 1
            self.won = self._reached()
        return text

    def _reached(self) -> bool:
        goal, things = self._layout.goal, self._layout.things
        if goal.lamp:
            lit = any(
                things[name].kind == goal.lamp and self._near(name) for name in self._switched
            )
            return lit and bool(self._held) and things[self._held].kind == goal.kind
        placed: dict[str, int] = {}
        for name, where in self._inside.items():
            wanted = goal.treatment is None or (name, goal.treatment) in self._treated
            if things[name].kind == goal.kind and wanted:
                for place in where:
                    placed[place] = placed.get(place, 0) + 1
        kinds = self._layout.places
        return any(
            n >= goal.count and kinds[place].kind == goal.place for place, n in placed.items()
        )


def _ordered(names: Iterable[str]) -> list[str]:
    """As the public games list them: by kind, the highest number first."""
    return sorted(names, key=lambda name: (name.rpartition(" ")[0], -int(name.rpartition(" ")[2])))


def _listed(names: Iterable[str]) -> str:
    each = list(names)
    if not each:
        return "nothing"
    return each[0] if len(each) == 1 else ", ".join(each[:-1]) + ", and " + each[-1]
