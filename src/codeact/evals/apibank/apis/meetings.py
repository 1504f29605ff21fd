"""Meetings of a user, with their rooms and attendees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codeact.evals.apibank.apis.accounts import owner
from codeact.evals.apibank.apis.calendar import Row, Shelf, about, all_of, at, said, timed
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.spelling import folded


@dataclass(frozen=True, slots=True)
class Meetings:
    world: ApiWorld

    def add(
        self,
        token: str,
        meeting_topic: str,
        start_time: str,
        end_time: str,
        location: str,
        attendees: list[str],
    ) -> str:
        """Book a meeting (a reservation) for the user. Times are YYYY-MM-DD HH:MM:SS, attendees a
        list of names.
        """
        row = _row(meeting_topic, start_time, end_time, location, attendees)
        return self._shelf.add(owner(self.world, token), row)

    def delete(
        self,
        token: str,
        meeting_topic: str,
        start_time: str,
        end_time: str,
        location: str,
        attendees: list[str],
    ) -> str:
        """Cancel a meeting (a reservation) of the user; all that is given must be the meeting's."""
        fits = _fits(meeting_topic, start_time, end_time, location, attendees)
        return self._shelf.delete(owner(self.world, token), fits)

    def change(
        self,
        token: str,
        meeting_topic: str,
        start_time: str,
        end_time: str,
        location: str,
        attendees: list[str],
    ) -> str:
        """Change a meeting (a reservation) of the user, found by its topic or else by its start, so
        that all of it is as given. Times are YYYY-MM-DD HH:MM:SS.
        """
        row = _row(meeting_topic, start_time, end_time, location, attendees)
        keys = about("meeting_topic", meeting_topic), at("start_time", start_time)
        return self._shelf.change(owner(self.world, token), row, *keys)

    def query(
        self,
        token: str,
        meeting_topic: str,
        start_time: str,
        end_time: str,
        location: str,
        attendees: list[str],
    ) -> Row:
        """Look up a meeting (a reservation) of the user; all that is given must be its own."""
        fits = _fits(meeting_topic, start_time, end_time, location, attendees)
        return self._shelf.find(owner(self.world, token), fits)[1]

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.world, "Meeting", "meeting")


def _row(topic: str, start: str, end: str, location: str, attendees: list[str]) -> Row:
    return {
        "meeting_topic": said("meeting_topic", topic),
        "start_time": timed(start),
        "end_time": timed(end),
        "location": location,
        "attendees": attendees,
    }


def _fits(
    topic: str, start: str, end: str, location: str, attendees: list[str]
) -> Callable[[Row], bool]:
    people = sorted(map(folded, attendees))
    return all_of(
        about("meeting_topic", topic),
        at("start_time", start),
        at("end_time", end),
        about("location", location),
        lambda row: sorted(map(folded, row["attendees"])) == people,
    )
