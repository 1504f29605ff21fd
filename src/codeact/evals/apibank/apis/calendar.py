"""A user's calendar: agenda items, reminders and alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codeact.evals.apibank.apis.accounts import owner
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import EMPTY, NOT_A_TIME, ApiRefusal
from codeact.evals.apibank.spelling import fits_record, folded, moment

NOTHING = "{user} has no {kind} like that."

Row = dict[str, Any]


def timed(text: str) -> str:
    """The text where it is a time. Raises ApiRefusal."""
    if moment(text) is None:
        raise ApiRefusal(NOT_A_TIME.format(text=text))
    return text


def said(name: str, text: str) -> str:
    """The text where it says anything. Raises ApiRefusal."""
    if not text.strip():
        raise ApiRefusal(EMPTY.format(name=name))
    return text


@dataclass(frozen=True, slots=True)
class Shelf:
    """One table of numbered rows, each of one user."""

    world: ApiWorld
    table: str
    kind: str

    def add(self, user: str, row: Row) -> str:
        rows = self._rows()
        number = max((int(key) for key in rows if key.isdigit()), default=0) + 1
        rows[str(number)] = {**row, "username": user}
        return "success"

    def find(self, user: str, fits: Callable[[Row], bool]) -> tuple[str, Row]:
        """The first row of the user that fits, with its number. Raises ApiRefusal."""
        for number, row in self._rows().items():
            if row["username"] == user and fits(row):
                return number, row
        raise ApiRefusal(NOTHING.format(user=user, kind=self.kind))

    def delete(self, user: str, fits: Callable[[Row], bool]) -> str:
        number, _ = self.find(user, fits)
        del self._rows()[number]
        return "success"

    def change(self, user: str, row: Row, *keys: Callable[[Row], bool]) -> str:
        """Write over the row that the first key finds that finds any. Raises ApiRefusal."""
        for fits in keys[:-1]:
            try:
                _, found = self.find(user, fits)
            except ApiRefusal:
                continue
            found.update(row)
            return "success"
        self.find(user, keys[-1])[1].update(row)
        return "success"

    def _rows(self) -> dict[str, Row]:
        return self.world.tables[self.table]  # type: ignore[no-any-return]


def about(field: str, text: str) -> Callable[[Row], bool]:
    return lambda row: folded(row[field]) == folded(text)


def at(field: str, time: str) -> Callable[[Row], bool]:
    return lambda row: fits_record(row[field], time)


def all_of(*tests: Callable[[Row], bool]) -> Callable[[Row], bool]:
    return lambda row: all(test(row) for test in tests)


@dataclass(frozen=True, slots=True)
class Agenda:
    world: ApiWorld

    def add(self, token: str, content: str, time: str, location: str) -> str:
        """Put an item on the user's agenda, a schedule. The time is YYYY-MM-DD HH:MM:SS."""
        row = {"content": said("content", content), "time": timed(time), "location": location}
        return self._shelf.add(owner(self.world, token), row)

    def delete(self, token: str, content: str, time: str, location: str) -> str:
        """Delete an item from the user's agenda; all that is given must be the item's."""
        fits = all_of(about("content", content), at("time", time), about("location", location))
        return self._shelf.delete(owner(self.world, token), fits)

    def change(self, token: str, content: str, time: str, location: str) -> str:
        """Change an item on the user's agenda (schedule), found by its content or else by its day,
        so that it has this content, time (YYYY-MM-DD HH:MM:SS) and location.
        """
        row = {"content": said("content", content), "time": timed(time), "location": location}
        keys = about("content", content), at("time", time)
        return self._shelf.change(owner(self.world, token), row, *keys)

    def query(self, token: str, content: str, time: str, location: str) -> Row:
        """Look up an item on the user's agenda; all that is given must be the item's."""
        fits = all_of(about("content", content), at("time", time), about("location", location))
        return self._shelf.find(owner(self.world, token), fits)[1]

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.world, "Agenda", "agenda item")


@dataclass(frozen=True, slots=True)
class Reminders:
    world: ApiWorld

    def add(self, token: str, content: str, time: str) -> str:
        """Remind the user of something. The time is YYYY-MM-DD HH:MM:SS."""
        row = {"content": said("content", content), "time": timed(time)}
        return self._shelf.add(owner(self.world, token), row)

    def delete(self, token: str, content: str, time: str) -> str:
        """Delete a reminder of the user; both content and time must be the reminder's."""
        fits = all_of(about("content", content), at("time", time))
        return self._shelf.delete(owner(self.world, token), fits)

    def change(self, token: str, content: str, time: str) -> str:
        """Change a reminder of the user, found by its content or else by its time, so that it has
        this content and time (YYYY-MM-DD HH:MM:SS).
        """
        row = {"content": said("content", content), "time": timed(time)}
        keys = about("content", content), at("time", time)
        return self._shelf.change(owner(self.world, token), row, *keys)

    def query(self, token: str, content: str, time: str) -> Row:
        """Look up a reminder of the user; both content and time must be the reminder's."""
        fits = all_of(about("content", content), at("time", time))
        return self._shelf.find(owner(self.world, token), fits)[1]

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.world, "Reminder", "reminder")


@dataclass(frozen=True, slots=True)
class Alarms:
    world: ApiWorld

    def add(self, token: str, time: str) -> str:
        """Set an alarm for the user at a time, YYYY-MM-DD HH:MM:SS."""
        return self._shelf.add(owner(self.world, token), {"time": timed(time)})

    def delete(self, token: str, time: str) -> str:
        """Delete the user's alarm at a time, YYYY-MM-DD HH:MM:SS."""
        return self._shelf.delete(owner(self.world, token), at("time", time))

    def change(self, token: str, from_time: str, to_time: str) -> str:
        """Move the user's alarm from one time to another, both YYYY-MM-DD HH:MM:SS."""
        row = {"time": timed(to_time)}
        return self._shelf.change(owner(self.world, token), row, at("time", from_time))

    def query(self, token: str, time: str) -> Row:
        """Look up the user's alarm at a time, YYYY-MM-DD HH:MM:SS."""
        return self._shelf.find(owner(self.world, token), at("time", time))[1]

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.world, "Alarm", "alarm")
