"""Money, percentages, units, dates and times: what people ask a calculator that understands."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable

from codeact.tasks.families.expected import Name, Number, Text, YesNo
from codeact.tasks.families.family import Case, Draw, Family

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = tuple(calendar.month_name)[1:]
UNITS: dict[tuple[str, str], tuple[str, float]] = {
    ("km", "miles"): ("* 0.621371", 0.621371),
    ("miles", "km"): ("* 1.609344", 1.609344),
    ("kg", "pounds"): ("* 2.204623", 2.204623),
    ("pounds", "kg"): ("* 0.453592", 0.453592),
    ("inches", "cm"): ("* 2.54", 2.54),
    ("cm", "inches"): ("/ 2.54", 1 / 2.54),
    ("feet", "meters"): ("* 0.3048", 0.3048),
    ("meters", "feet"): ("/ 0.3048", 1 / 0.3048),
    ("gallons", "liters"): ("* 3.785412", 3.785412),
    ("liters", "gallons"): ("/ 3.785412", 1 / 3.785412),
    ("ounces", "grams"): ("* 28.349523", 28.349523),
    ("hours", "seconds"): ("* 3600", 3600),
    ("days", "hours"): ("* 24", 24),
    ("weeks", "days"): ("* 7", 7),
    ("minutes", "hours"): ("/ 60", 1 / 60),
}
NEAR = 0.0051


def _interest(draw: Draw) -> Case:
    money = draw.pick((100, 500, 1000, 1500, 2000, 5000, 10_000, draw.size(50_000, 100)))
    rate = draw.pick((1, 2, 3, 4, 5, 6, 7, 8, 10, 1.5, 2.5, 3.5, 4.25))
    years = draw.integer(2, 30)
    return Case(
        slots={"money": str(money), "rate": str(rate), "years": str(years)},
        code=(f"print(round({money} * (1 + {rate} / 100) ** {years}, 2))",),
        expected=Number(money * (1 + rate / 100) ** years, NEAR),
        answers=("After {years} years it is {out}.", "You will have {out}."),
    )


def _simple_interest(draw: Draw) -> Case:
    money, years = draw.size(20_000, 100), draw.integer(2, 12)
    rate = draw.pick((1, 2, 3, 4, 5, 6, 8, 10, 2.5))
    return Case(
        slots={"money": str(money), "rate": str(rate), "years": str(years)},
        code=(f"print(round({money} * {rate} / 100 * {years}, 2))",),
        expected=Number(money * rate / 100 * years, NEAR),
        answers=("The interest is {out}.",),
    )


def _percent(draw: Draw) -> Case:
    share = draw.pick((5, 10, 12, 15, 20, 25, 30, 35, 40, 60, 75, 80, draw.integer(1, 99)))
    whole = draw.size(5000, 10)
    return Case(
        slots={"share": str(share), "whole": str(whole)},
        code=(f"print(round({whole} * {share} / 100, 2))",),
        expected=Number(whole * share / 100, NEAR),
        answers=("{share}% of {whole} is {out}.", "That is {out}."),
    )


def _change(draw: Draw) -> Case:
    old, new = draw.size(2000, 10), draw.size(2000, 10)
    return Case(
        slots={"old": str(old), "new": str(new)},
        code=(f"print(round(({new} - {old}) / {old} * 100, 2))",),
        expected=Number((new - old) / old * 100, NEAR),
        answers=("The change is {out}%.", "{out}%"),
    )


def _discount(draw: Draw) -> Case:
    price, share = draw.price(), draw.pick((5, 10, 15, 20, 25, 30, 40, 50, 60))
    good = draw.name("good")
    return Case(
        slots={"price": f"{price:g}", "share": str(share), "good": good},
        code=(f"print(round({price:g} * (1 - {share} / 100), 2))",),
        expected=Number(price * (1 - share / 100), NEAR),
        answers=("It costs {out} now.", "The new price is {out}."),
    )


def _tip(draw: Draw) -> Case:
    bill, share = draw.price(200), draw.pick((10, 12, 15, 18, 20))
    people = draw.integer(2, 8)
    return Case(
        slots={"bill": f"{bill:g}", "share": str(share), "people": str(people)},
        code=(f"total = {bill:g} * (1 + {share} / 100)\nprint(round(total / {people}, 2))",),
        expected=Number(bill * (1 + share / 100) / people, NEAR),
        answers=("Each person pays {out}.", "{out} each."),
    )


def _units(draw: Draw) -> Case:
    (old, new), (formula, factor) = draw.pick(list(UNITS.items()))
    amount = draw.pick((draw.integer(2, 500), draw.integer(2, 60), round(draw.price(99), 1)))
    return Case(
        slots={"amount": f"{amount:g}", "old": old, "new": new},
        code=(f"print(round({amount:g} {formula}, 2))",),
        expected=Number(amount * factor, 0.011 * max(1.0, amount / 100)),
        answers=("{amount} {old} is {out} {new}.", "{out} {new}"),
    )


def _temperature(draw: Draw) -> Case:
    amount = draw.integer(-30, 220)
    if draw.chance(0.5):
        old, new, code, value = "Celsius", "Fahrenheit", "* 9 / 5 + 32", amount * 9 / 5 + 32
        code = f"print(round({amount} * 9 / 5 + 32, 1))"
    else:
        old, new, value = "Fahrenheit", "Celsius", (amount - 32) * 5 / 9
        code = f"print(round(({amount} - 32) * 5 / 9, 1))"
    return Case(
        slots={"amount": str(amount), "old": old, "new": new},
        code=(code,),
        expected=Number(value, 0.0501),
        answers=("{amount} degrees {old} is {out} degrees {new}.", "It is {out} degrees {new}."),
    )


def day(draw: Draw, low: int = 1950, high: int = 2035) -> datetime.date:
    first = datetime.date(low, 1, 1).toordinal()
    return datetime.date.fromordinal(draw.integer(first, datetime.date(high, 12, 31).toordinal()))


def spoken(draw: Draw, date: datetime.date) -> str:
    """A date as people write it."""
    month = MONTHS[date.month - 1]
    return draw.pick(
        (
            date.isoformat(),
            date.isoformat(),
            f"{month} {date.day}, {date.year}",
            f"{date.day} {month} {date.year}",
            f"{month[:3]} {date.day} {date.year}",
        )
    )


def _made(date: datetime.date) -> str:
    return f"date({date.year}, {date.month}, {date.day})"


def _days_between(draw: Draw) -> Case:
    begin = day(draw)
    end = begin + datetime.timedelta(days=draw.size(5000, 3))
    code = f"from datetime import date\nprint(({_made(end)} - {_made(begin)}).days)"
    return Case(
        slots={"begin": spoken(draw, begin), "end": spoken(draw, end)},
        code=(code,),
        expected=Number((end - begin).days),
        answers=("There are {out} days between them.", "{out} days."),
    )


def _weekday(draw: Draw) -> Case:
    date = day(draw)
    return Case(
        slots={"date": spoken(draw, date)},
        code=(f'from datetime import date\nprint({_made(date)}.strftime("%A"))',),
        expected=Name(DAYS[date.weekday()], DAYS),
        answers=("It is a {out}.", "{date} is a {out}."),
    )


def _add_days(draw: Draw) -> Case:
    begin, count = day(draw, 1990), draw.size(1000, 3)
    end = begin + datetime.timedelta(days=count)
    code = f"from datetime import date, timedelta\nprint({_made(begin)} + timedelta(days={count}))"
    return Case(
        slots={"begin": spoken(draw, begin), "count": str(count)},
        code=(code,),
        expected=Text(end.isoformat()),
        answers=("It is {out}.", "The date is {out}."),
    )


def _leap(draw: Draw) -> Case:
    year = draw.integer(1600, 2400)
    if draw.chance(0.3):
        year = draw.pick(range(1600, 2401, 100))
    leap = calendar.isleap(year)
    said = "is" if leap else "is not"
    word = "Yes" if leap else "No"
    return Case(
        slots={"year": str(year)},
        code=(f"import calendar\nprint(calendar.isleap({year}))",),
        expected=YesNo(leap),
        answers=(f"{word}, {{year}} {said} a leap year.", f"{word}."),
        plain=False,
    )


def _clock(draw: Draw) -> Case:
    begin, minutes = draw.integer(0, 1300), draw.integer(5, 130)
    end = (begin + minutes) % 1440
    at, then = (f"{each // 60:02}:{each % 60:02}" for each in (begin, end))
    hour, minute = begin // 60, begin % 60
    code = (
        f"minutes = {hour} * 60 + {minute} + {minutes}\n"
        'print(f"{minutes // 60 % 24:02}:{minutes % 60:02}")'
    )
    return Case(
        slots={"at": at, "minutes": str(minutes)},
        code=(code,),
        expected=Text(then),
        answers=("It is {out}.", "At {out}."),
    )


def _speed(draw: Draw) -> Case:
    hours = draw.pick((2, 3, 4, 5, 6, 1.5, 2.5, 0.5))
    distance = draw.size(900, 10)
    return Case(
        slots={"distance": str(distance), "hours": f"{hours:g}", "city": draw.name("city")},
        code=(f"print(round({distance} / {hours:g}, 2))",),
        expected=Number(distance / hours, NEAR),
        answers=("The average speed is {out} km/h.", "{out} km/h."),
    )


def _circle(draw: Draw) -> Case:
    radius = draw.pick((draw.integer(1, 60), round(draw.price(20), 1)))
    return Case(
        slots={"radius": f"{radius:g}"},
        code=(f"import math\nprint(round(math.pi * {radius:g} ** 2, 2))",),
        expected=Number(3.141592653589793 * radius**2, NEAR),
        answers=("The area is {out}.", "The area of the circle is {out}."),
    )


def _root(draw: Draw) -> Case:
    number = draw.pick((draw.integer(2, 40) ** 2, draw.size(10_000)))
    return Case(
        slots={"number": str(number)},
        code=(f"import math\nprint(round(math.sqrt({number}), 4))",),
        expected=Number(number**0.5, 0.00051),
        answers=("The square root of {number} is {out}.", "It is {out}."),
    )


def _power(draw: Draw) -> Case:
    a, b = draw.integer(2, 20), draw.integer(2, 16)
    return Case(
        slots={"a": str(a), "b": str(b)},
        code=(f"print({a} ** {b})",),
        expected=Number(a**b),
        answers=("{a} to the power of {b} is {out}.", "It is {out}."),
    )


Written = Callable[[int], str]
BASES: dict[str, tuple[str, Written]] = {
    "binary": ("bin({n})[2:]", lambda n: f"{n:b}"),
    "hexadecimal": ("hex({n})[2:]", lambda n: f"{n:x}"),
    "octal": ("oct({n})[2:]", lambda n: f"{n:o}"),
}


def _base(draw: Draw) -> Case:
    base = draw.pick(("binary", "binary", "hexadecimal", "octal"))
    code, written = BASES[base]
    number = draw.size(5000, 3)
    return Case(
        slots={"n": str(number), "base": base},
        code=(f"print({code.format(n=number)})",),
        expected=Text(written(number)),
        answers=("{n} in {base} is {out}.", "{out}"),
    )


FAMILIES = (
    Family(name="compound_interest", group="newcomer", draw=_interest, weight=1.5),
    Family(name="simple_interest", group="newcomer", draw=_simple_interest, weight=0.6),
    Family(name="percent", group="newcomer", draw=_percent, weight=1.5),
    Family(name="percent_change", group="newcomer", draw=_change),
    Family(name="discount", group="newcomer", draw=_discount),
    Family(name="tip", group="newcomer", draw=_tip),
    Family(name="units", group="newcomer", draw=_units, weight=1.5),
    Family(name="temperature", group="newcomer", draw=_temperature),
    Family(name="days_between", group="newcomer", draw=_days_between, weight=1.5),
    Family(name="weekday", group="newcomer", draw=_weekday, weight=1.2),
    Family(name="add_days", group="newcomer", draw=_add_days),
    Family(name="leap_year", group="newcomer", draw=_leap, weight=0.7),
    Family(name="clock", group="newcomer", draw=_clock, weight=0.7),
    Family(name="speed", group="newcomer", draw=_speed, weight=0.7),
    Family(name="circle", group="newcomer", draw=_circle, weight=0.7),
    Family(name="square_root", group="newcomer", draw=_root),
    Family(name="power", group="newcomer", draw=_power),
    Family(name="number_base", group="newcomer", draw=_base),
)
