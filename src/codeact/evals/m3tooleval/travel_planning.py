"""Trips between six places, put together from flights and hotels and summed up."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codeact.evals.m3tooleval.exercise import Exercise
from codeact.evals.m3tooleval.trips import FLIGHTS, HOTELS, TRIPS, Flight, Hotel, Leg, Trip
from codeact.tools import Toolbox, tool

PLACES = ("A", "B", "C", "D", "E", "F")

UNKNOWN_PLACE = "There is no location {place}. The locations are: {places}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """The tools: what is on offer. Booking changes nothing."""

    flights: tuple[Flight, ...]
    hotels: tuple[Hotel, ...]

    def find_flights(self, from_location: str, to_location: str, date: str) -> list[dict[str, Any]]:
        """Flights from one location to another on a date (YYYY-MM-DD). Returns a list of
        dictionaries with the keys "from_location", "to_location", "date" and "price".
        """
        start, end = _place(from_location), _place(to_location)
        return [
            {
                "from_location": f'"{flight.start}"',
                "to_location": f'"{flight.end}"',
                "date": flight.date,
                "price": flight.price,
            }
            for flight in self.flights
            if (flight.start, flight.end, flight.date) == (start, end, date)
        ]

    def book_hotel(self, location: str, *preferences: str) -> list[dict[str, Any]]:
        """Hotels at a location that have all the preferences (such as "wifi", "pool", "gym").
        Returns a list of dictionaries with the keys "location", "preferences", "price_per_night"
        and "rating".
        """
        place = _place(location)
        return [
            {
                "location": f'"{hotel.place}"',
                "preferences": list(hotel.has),
                "price_per_night": hotel.price,
                "rating": hotel.rating,
            }
            for hotel in self.hotels
            if hotel.place == place and set(preferences) <= set(hotel.has)
        ]


def budget_calculator(
    flight_price: int | float, hotel_price_per_night: int | float, num_nights: int
) -> int | float:
    """The budget of a trip: the flight and all nights in the hotel."""
    return flight_price + hotel_price_per_night * num_nights


def maximum(*args: int | float) -> int | float:
    """The largest of all arguments."""
    return max(args)


def minimum(*args: int | float) -> int | float:
    """The smallest of all arguments."""
    return min(args)


def total(*args: int | float) -> int | float:
    """The sum of all arguments."""
    return sum(args)


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelPlanning:
    """Fifteen trips among the flights and hotels."""

    flights: tuple[Flight, ...] = FLIGHTS
    hotels: tuple[Hotel, ...] = HOTELS
    trips: tuple[Trip, ...] = TRIPS

    @property
    def name(self) -> str:
        return "travel_itinerary_planning"

    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(self._exercise(trip) for trip in self.trips)

    def toolbox(self) -> Toolbox:
        agency = Agency(flights=self.flights, hotels=self.hotels)
        return Toolbox.of(
            [
                agency.find_flights,
                agency.book_hotel,
                budget_calculator,
                tool(maximum, name="max"),
                tool(minimum, name="min"),
                tool(total, name="sum"),
            ]
        )

    def _exercise(self, trip: Trip) -> Exercise:
        answer = sum(self._costs(start, leg)[0] for start, leg in trip.routes())
        left_open = any(leg.left_open for leg in trip.legs)
        every = (self._costs(start, leg) for start, leg in trip.routes())
        totals = {sum(costs) for costs in itertools.product(*every)} if left_open else set()
        return Exercise(
            domain=self.name,
            name=trip.name,
            instruction=trip.instruction,
            answer=answer,
            also=tuple(sorted(totals - {answer})),
            remedy="every hotel that the question allows is right" if left_open else "",
        )

    def _costs(self, start: str, leg: Leg) -> list[int | float]:
        """What the leg costs: as expected, then with the other hotels that the question allows."""
        flights = [
            each.price
            for each in self.flights
            if (each.start, each.end, each.date) == (start, leg.end, leg.date)
        ]
        hotels = [
            each
            for each in self.hotels
            if each.place == leg.end
            and set(leg.wanted) <= set(each.has)
            and not set(leg.unwanted) & set(each.has)
        ]
        expected = _CHOICES[leg.choose](hotels)
        others = [each for each in hotels if leg.left_open and each != expected]
        return [min(flights) + each.price * leg.nights for each in (expected, *others)]


_CHOICES: dict[str, Callable[[list[Hotel]], Hotel]] = {
    "cheapest": lambda hotels: min(hotels, key=lambda hotel: hotel.price),
    "best": lambda hotels: max(hotels, key=lambda hotel: hotel.rating),
    "first": lambda hotels: hotels[0],
}


def _place(given: str) -> str:
    """The location without the quotes that it is shown in."""
    place = given.strip().strip("\"'")
    if place not in PLACES:
        raise ValueError(UNKNOWN_PLACE.format(place=given, places=", ".join(PLACES)))
    return place
