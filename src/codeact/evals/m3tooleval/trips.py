"""The travel domain's world: flights, hotels, and the trips that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Choice = Literal["cheapest", "best", "first"]


@dataclass(frozen=True, slots=True)
class Flight:
    """A flight on a date (YYYY-MM-DD)."""

    start: str
    end: str
    date: str
    price: int | float


@dataclass(frozen=True, slots=True)
class Hotel:
    """A hotel with its price a night."""

    place: str
    has: tuple[str, ...]
    price: int | float
    rating: int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One stay and the flight to it. `choose` is the hotel that the expected total takes;
    `left_open`: the question does not say so.
    """

    end: str
    date: str
    nights: int
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    choose: Choice = "cheapest"
    left_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Legs and the request for them, with places, dates and nights left open in `text`."""

    name: str
    text: str
    legs: tuple[Leg, ...]
    start: str = "E"

    @property
    def instruction(self) -> str:
        return self.text.format(*self.legs, start=self.start)

    def routes(self) -> Iterator[tuple[str, Leg]]:
        """Each leg with the place that it starts from."""
        start = self.start
        for leg in self.legs:
            yield start, leg
            start = leg.end


FLIGHTS: tuple[Flight, ...] = (
    Flight("E", "A", "2023-12-25", 450),
    Flight("E", "B", "2023-11-10", 350),
    Flight("E", "B", "2023-11-10", 165),
    Flight("E", "B", "2023-12-15", 360),
    Flight("B", "E", "2023-12-08", 470),
    Flight("B", "E", "2023-12-08", 946),
    Flight("E", "C", "2023-10-05", 600),
    Flight("E", "C", "2023-12-01", 580),
    Flight("E", "D", "2023-08-15", 400),
    Flight("B", "C", "2023-11-13", 300),
    Flight("A", "C", "2023-08-20", 250),
    Flight("A", "D", "2023-12-28", 250),
    Flight("A", "D", "2023-12-29", 410),
    Flight("A", "B", "2023-12-29", 460),
    Flight("D", "C", "2024-01-02", 380),
    Flight("D", "A", "2023-08-18", 490),
    Flight("D", "A", "2023-08-18", 560),
    Flight("C", "B", "2024-01-05", 300),
    Flight("C", "B", "2023-12-03", 900),
    Flight("C", "B", "2023-12-03", 450),
    Flight("C", "D", "2023-12-03", 450),
    Flight("B", "D", "2023-12-06", 250),
    Flight("B", "D", "2023-12-06", 700),
    Flight("D", "B", "2023-12-06", 490),
    Flight("D", "B", "2023-12-06", 746),
    Flight("B", "D", "2024-01-01", 490),
    Flight("B", "D", "2024-01-01", 546),
    Flight("B", "E", "2024-01-07", 320),
    Flight("E", "A", "2024-01-10", 360),
)

HOTELS: tuple[Hotel, ...] = (
    Hotel("A", ("wifi", "pool"), 120, 4),
    Hotel("A", ("wifi", "pool"), 50, 3),
    Hotel("B", ("wifi", "gym"), 150, 4),
    Hotel("B", ("pool", "gym", "wifi"), 160, 5),
    Hotel("C", ("pool",), 100, 3),
    Hotel("C", ("wifi",), 95, 4),
    Hotel("C", ("wifi", "gym"), 103, 4),
    Hotel("C", ("wifi", "pool"), 110, 5),
    Hotel("D", ("wifi",), 130, 4),
    Hotel("D", ("wifi", "gym"), 140, 4),
    Hotel("D", ("wifi", "gym", "pool"), 135, 5),
    Hotel("E", ("wifi", "gym"), 190, 4),
    Hotel("E", ("wifi", "gym", "pool"), 120, 5),
)

_AT = 'You are at "{start}". '
_TOTAL = " What is the total budget of the trip?"
_CHEAP_FLIGHTS = " Take the cheaper flight each time."
_CHEAP = " Take the cheaper hotel and the cheaper flight each time."

TRIPS: tuple[Trip, ...] = (
    Trip(
        name="plan_trip_to_0",
        text=f'{_AT}You want to go to "{{0.end}}" on {{0.date}} and stay for {{0.nights}} nights '
        f"in a hotel that has wifi and a pool.{_TOTAL}",
        legs=(
            Leg(
                end="A",
                date="2023-12-25",
                nights=5,
                wanted=("wifi", "pool"),
                choose="first",
                left_open=True,
            ),
        ),
    ),
    Trip(
        name="cheapest_new_york_trip",
        text=f'{_AT}Which flight and hotel make the cheapest trip to "{{0.end}}" on {{0.date}} for '
        f"{{0.nights}} nights?{_TOTAL}",
        legs=(Leg(end="B", date="2023-11-10", nights=3),),
    ),
    Trip(
        name="luxury_tokyo_trip",
        text=f'{_AT}Plan a trip in luxury to "{{0.end}}" on {{0.date}}: {{0.nights}} nights in the '
        f"hotel with the highest rating.{_CHEAP_FLIGHTS}{_TOTAL}",
        legs=(Leg(end="C", date="2023-10-05", nights=7, choose="best"),),
    ),
    Trip(
        name="budget_trip_to_paris",
        text=f'{_AT}Plan a trip on a budget to "{{0.end}}" on {{0.date}}: {{0.nights}} nights in '
        f"the cheapest hotel there is.{_CHEAP_FLIGHTS}{_TOTAL}",
        legs=(Leg(end="A", date="2023-12-25", nights=4),),
    ),
    Trip(
        name="new_york_trip_with_specific_preferences",
        text=f'{_AT}You go to "{{0.end}}" on {{0.date}} for {{0.nights}} nights and want a hotel '
        f"that has a gym and has no pool.{_CHEAP}{_TOTAL}",
        legs=(Leg(end="B", date="2023-11-10", nights=3, wanted=("gym",), unwanted=("pool",)),),
    ),
    Trip(
        name="london_business_trip",
        text=f'{_AT}Business takes you to "{{0.end}}" on {{0.date}} for {{0.nights}} nights. Find '
        f"the least expensive flight and hotel; wifi is all that the hotel must have.{_TOTAL}",
        legs=(Leg(end="D", date="2023-08-15", nights=4, wanted=("wifi",)),),
    ),
    Trip(
        name="last_minute_tokyo_trip",
        text=f'{_AT}At the last minute you go to "{{0.end}}" on {{0.date}} for {{0.nights}} '
        f"nights; any hotel will do.{_CHEAP}{_TOTAL}",
        legs=(Leg(end="C", date="2023-12-01", nights=3),),
    ),
    Trip(
        name="new_york_holiday_season",
        text=f'{_AT}For the holidays you go to "{{0.end}}" on {{0.date}}, to a hotel with a gym '
        f"and a pool, for {{0.nights}} nights.{_CHEAP}{_TOTAL}",
        legs=(Leg(end="B", date="2023-12-15", nights=7, wanted=("gym", "pool")),),
    ),
    Trip(
        name="multi_city_business_trip",
        text=f'{_AT}Business takes you to "{{0.end}}" on {{0.date}} for {{0.nights}} nights and '
        'from there to "{1.end}" on {1.date} for {1.nights} nights. Every hotel must have wifi.'
        f"{_CHEAP}{_TOTAL}",
        legs=(
            Leg(end="B", date="2023-11-10", nights=2, wanted=("wifi",)),
            Leg(end="C", date="2023-11-13", nights=3, wanted=("wifi",)),
        ),
    ),
    Trip(
        name="leisure_multi_city_trip",
        text=f'{_AT}For pleasure you go to "{{0.end}}" on {{0.date}} for {{0.nights}} nights and '
        'from there to "{1.end}" on {1.date} for {1.nights} nights. You have no wishes for the '
        f"hotels.{_CHEAP}{_TOTAL}",
        legs=(
            Leg(end="A", date="2023-12-25", nights=3),
            Leg(end="D", date="2023-12-28", nights=2),
        ),
    ),
    Trip(
        name="three_city_european_tour",
        text=f'{_AT}Plan a tour of three cities in Europe from "{{start}}" to "{{0.end}}" on '
        '{0.date} ({0.nights} nights), then to "{1.end}" on {1.date} ({1.nights} nights), and at '
        'last to "{2.end}" on {2.date} ({2.nights} nights). Every hotel must have wifi.'
        f"{_CHEAP}{_TOTAL}",
        legs=(
            Leg(end="A", date="2023-12-25", nights=3, wanted=("wifi",)),
            Leg(end="D", date="2023-12-29", nights=4, wanted=("wifi",)),
            Leg(end="C", date="2024-01-02", nights=3, wanted=("wifi",)),
        ),
    ),
    Trip(
        name="adventure_trip",
        text='Plan an adventure from "{start}" to "{0.end}" on {0.date} ({0.nights} nights), then '
        'to "{1.end}" on {1.date} ({1.nights} nights), and at last to "{2.end}" on {2.date} '
        '({2.nights} nights). The hotel must have a pool in "{0.end}", it can be any in '
        f'"{{1.end}}", and it must have a gym in "{{2.end}}".{_CHEAP}{_TOTAL}',
        legs=(
            Leg(end="C", date="2023-12-01", nights=2, wanted=("pool",)),
            Leg(end="B", date="2023-12-03", nights=3),
            Leg(end="D", date="2023-12-06", nights=2, wanted=("gym",)),
        ),
    ),
    Trip(
        name="cultural_exploration_tour",
        text='Plan a tour to places of culture from "{start}" to "{0.end}" on {0.date} '
        '({0.nights} nights), then to "{1.end}" on {1.date} ({1.nights} nights), and at last to '
        '"{2.end}" on {2.date} ({2.nights} nights). Every hotel must have wifi, and in "{2.end}" '
        f"it should have a high rating.{_CHEAP_FLIGHTS}{_TOTAL}",
        legs=(
            Leg(end="A", date="2023-12-25", nights=4, wanted=("wifi",), left_open=True),
            Leg(end="B", date="2023-12-29", nights=2, wanted=("wifi",), left_open=True),
            Leg(end="D", date="2024-01-01", nights=3, wanted=("wifi",), choose="best"),
        ),
    ),
    Trip(
        name="leisure_and_business_combo",
        text='Plan a trip from "{start}" to "{0.end}" on {0.date} ({0.nights} nights) for '
        'business, then to "{1.end}" on {1.date} ({1.nights} nights) for pleasure, and at last to '
        '"{2.end}" on {2.date} ({2.nights} nights) for business. On business the hotel must have '
        f"wifi and a gym, for pleasure a pool.{_CHEAP}{_TOTAL}",
        legs=(
            Leg(end="D", date="2023-08-15", nights=3, wanted=("wifi", "gym")),
            Leg(end="A", date="2023-08-18", nights=2, wanted=("pool",)),
            Leg(end="C", date="2023-08-20", nights=2, wanted=("wifi", "gym")),
        ),
    ),
    Trip(
        name="grand_tour_vacation",
        text='Plan a grand tour from "{start}" to "{0.end}" on {0.date} ({0.nights} nights), then '
        'to "{1.end}" on {1.date} ({1.nights} nights), then to "{2.end}" on {2.date} ({2.nights} '
        'nights), and at last to "{3.end}" on {3.date} ({3.nights} nights). Choose the hotel with '
        f"the high rating in each city.{_CHEAP_FLIGHTS}{_TOTAL}",
        legs=(
            Leg(end="C", date="2023-12-01", nights=2, choose="best"),
            Leg(end="D", date="2023-12-03", nights=3, choose="best"),
            Leg(end="B", date="2023-12-06", nights=2, choose="best"),
            Leg(end="E", date="2023-12-08", nights=3, choose="best"),
        ),
    ),
)
