"""Policies for trips."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from codeact.evals.m3tooleval.policies import Calls, Program, call, printed


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a question says about the hotel of one leg."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    best: bool = False


@dataclass(frozen=True, slots=True)
class _Leg:
    start: str
    end: str
    date: str
    nights: int
    wish: _Wish


_ANY = _Wish()
_WIFI = _Wish(wanted=("wifi",))
_BEST = _Wish(best=True)
_WORK = _Wish(wanted=("wifi", "gym"))
_WISHES: dict[str, tuple[_Wish, ...]] = {
    "plan_trip_to_0": (_Wish(wanted=("wifi", "pool"), best=True),),
    "luxury_tokyo_trip": (_BEST,),
    "new_york_trip_with_specific_preferences": (_Wish(wanted=("gym",), unwanted=("pool",)),),
    "london_business_trip": (_WIFI,),
    "new_york_holiday_season": (_Wish(wanted=("gym", "pool")),),
    "multi_city_business_trip": (_WIFI, _WIFI),
    "three_city_european_tour": (_WIFI, _WIFI, _WIFI),
    "adventure_trip": (_Wish(wanted=("pool",)), _ANY, _Wish(wanted=("gym",))),
    "cultural_exploration_tour": (_WIFI, _WIFI, _Wish(wanted=("wifi",), best=True)),
    "leisure_and_business_combo": (_WORK, _Wish(wanted=("pool",)), _WORK),
    "grand_tour_vacation": (_BEST, _BEST, _BEST, _BEST),
}


def calls(name: str, ask: str) -> Calls:
    totals = []
    for leg in _legs(name, ask):
        flights = _read((yield call("find_flights", leg.start, leg.end, leg.date)))
        hotels = _read((yield call("book_hotel", leg.end, *leg.wish.wanted)))
        flight = min(each["price"] for each in flights)
        hotel = _chosen(hotels, leg.wish)
        totals.append((yield call("budget_calculator", flight, hotel, leg.nights)))
    if len(totals) == 1:
        return totals[0]
    return (yield call("sum", *map(_read, totals)))


def program(name: str, ask: str) -> Program:
    lines = ["totals = []"]
    for leg in _legs(name, ask):
        wanted = "".join(f", {each!r}" for each in leg.wish.wanted)
        unfit = f"set({leg.wish.unwanted!r}) & set(hotel['preferences'])"
        key = "-hotel['rating']" if leg.wish.best else "hotel['price_per_night']"
        lines += [
            f"flights = find_flights({leg.start!r}, {leg.end!r}, {leg.date!r})",
            f"hotels = [hotel for hotel in book_hotel({leg.end!r}{wanted}) if not {unfit}]",
            "flight = min(*[each['price'] for each in flights])",
            f"hotel = sorted(hotels, key=lambda hotel: {key})[0]['price_per_night']",
            f"totals.append(budget_calculator(flight, hotel, {leg.nights}))",
        ]
    return printed("\n".join([*lines, "print(sum(*totals))"]))


def _legs(name: str, ask: str) -> list[_Leg]:
    """The stays that a question asks for, in their order."""
    start = re.findall(r'"([A-F])"', ask)[0]
    stays = re.findall(r'"([A-F])" on (\d{4}-\d\d-\d\d)', ask)
    nights = re.findall(r"(\d+) nights", ask)
    wishes = _WISHES.get(name, (_ANY,) * len(stays))
    legs = []
    for (end, date), count, wish in zip(stays, nights, wishes, strict=True):
        legs.append(_Leg(start, end, date, int(count), wish))
        start = end
    return legs


def _chosen(hotels: list[dict[str, Any]], wish: _Wish) -> Any:
    """The price of the hotel that fits best."""
    fitting = [each for each in hotels if not set(wish.unwanted) & set(each["preferences"])]
    if wish.best:
        return max(fitting, key=lambda each: each["rating"])["price_per_night"]
    return min(each["price_per_night"] for each in fitting)


def _read(text: str) -> Any:
    return ast.literal_eval(text)
