"""Travel: hotel rooms."""

from __future__ import annotations

from dataclasses import dataclass

from codeact.evals.apibank.apis.calendar import said
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import NOT_A_DAY, ApiRefusal
from codeact.evals.apibank.spelling import day

BACKWARDS = "The stay must end after it begins."
NOBODY = "There must be a room and somebody to sleep in it."


@dataclass(frozen=True, slots=True)
class Hotels:
    world: ApiWorld

    def book(
        self,
        hotel_name: str,
        check_in_time: str,
        check_out_time: str,
        room_count: int,
        adult_count: int,
        child_count: int,
    ) -> str:
        """Book rooms in a hotel from one day to another, both YYYY-MM-DD; gives the booking's
        number.
        """
        first, last = day(check_in_time), day(check_out_time)
        if first is None or last is None:
            wrong = check_in_time if first is None else check_out_time
            raise ApiRefusal(NOT_A_DAY.format(text=wrong))
        if last <= first:
            raise ApiRefusal(BACKWARDS)
        if room_count < 1 or adult_count + child_count < 1 or min(adult_count, child_count) < 0:
            raise ApiRefusal(NOBODY)
        rows = self.world.tables["Hotel"]
        number = str(max(map(int, rows), default=0) + 1)
        rows[number] = {
            "hotel_name": said("hotel_name", hotel_name),
            "check_in_time": check_in_time,
            "check_out_time": check_out_time,
            "room_count": room_count,
            "adult_count": adult_count,
            "child_count": child_count,
        }
        return number
