"""The calendar and the clock: today, months, ages, and times of the same day."""

from __future__ import annotations

import calendar

from codeact.tasks.families.everyday import MONTHS
from codeact.tasks.families.expected import Number, Numbers, Today
from codeact.tasks.families.family import Case, Draw, Family

WORDS = ("hours, minutes and seconds", "hours, minutes, and seconds", "hours minutes and seconds")
CLOCK = ("h:mm:ss", "hours:minutes:seconds", "H:MM:SS")


def _seconds(draw: Draw) -> Case:
    total = draw.integer(61, draw.pick((7_200, 40_000, 86_000)))
    if draw.chance(0.3):
        total = max(100, total // 100 * 100)
    if draw.chance(0.4):
        form = draw.pick(CLOCK)
        code = f"from datetime import timedelta\nprint(timedelta(seconds={total}))"
    else:
        form = draw.pick(WORDS)
        code = (
            f"s = {total}\n"
            'print(f"{s // 3600} hours {s // 60 % 60} minutes {s % 60} seconds")'
        )
    return Case(
        slots={"seconds": str(total), "form": form},
        code=(code,),
        expected=Numbers([total // 3600, total // 60 % 60, total % 60]),
        answers=("{seconds} seconds are {out}.", "It is {out}."),
    )


def _minutes(draw: Draw) -> Case:
    first = draw.integer(0, 1300)
    last = draw.integer(first + 5, min(1439, first + draw.pick((90, 600))))
    if draw.chance(0.4):
        first, last = first // 15 * 15, max(last, first + 15) // 15 * 15
    half = draw.chance(0.4)
    begin, end = (_twelve(each) if half else _twenty_four(each) for each in (first, last))
    if not half and draw.chance(0.3):
        begin, end = begin.removeprefix("0"), end.removeprefix("0")
    style = "%I:%M %p" if half else "%H:%M"
    code = (
        f'from datetime import datetime\na = datetime.strptime("{begin}", "{style}")\n'
        f'b = datetime.strptime("{end}", "{style}")\nprint((b - a).seconds // 60)'
    )
    return Case(
        slots={"begin": begin, "end": end},
        code=(code,),
        expected=Number(last - first),
        answers=("There are {out} minutes between them.", "{out} minutes."),
    )


def _twelve(minutes: int) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{hour % 12 or 12}:{minute:02} {'am' if hour < 12 else 'pm'}"


def _twenty_four(minutes: int) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}"


def _age(draw: Draw) -> Case:
    born = draw.integer(1930, 2020)
    later = born + draw.integer(3, 95)
    return Case(
        slots={"born": str(born), "later": str(later), "name": draw.name("person")},
        code=(f"print({later} - {born})",),
        expected=Number(later - born),
        answers=("{name} turns {out} in {later}.", "{out} years old.", "{out}"),
    )


def _month(draw: Draw) -> Case:
    year = draw.pick((draw.integer(1990, 2040), draw.integer(1600, 2400)))
    month = 2 if draw.chance(0.3) else draw.integer(1, 12)
    called = MONTHS[month - 1]
    return Case(
        slots={"month": called[:3] if draw.chance(0.1) else called, "year": str(year)},
        code=(f"import calendar\nprint(calendar.monthrange({year}, {month})[1])",),
        expected=Number(calendar.monthrange(year, month)[1]),
        answers=("{month} {year} has {out} days.", "It has {out} days."),
    )


def _today(draw: Draw) -> Case:
    return Case(
        code=("from datetime import date\nprint(date.today())",),
        expected=Today(),
        answers=("Today is {out}.", "It is {out}.", "{out}"),
    )


def _weekday(draw: Draw) -> Case:
    return Case(
        code=('from datetime import date\nprint(date.today().strftime("%A"))',),
        expected=Today(weekday=True),
        answers=("Today is {out}.", "It is {out}.", "{out}"),
    )


FAMILIES = (
    Family(name="hours_minutes_seconds", group="newcomer", draw=_seconds, weight=0.8),
    Family(name="minutes_between", group="newcomer", draw=_minutes),
    Family(name="age_in", group="newcomer", draw=_age, weight=1.2),
    Family(name="days_in_month", group="newcomer", draw=_month, weight=0.7),
    Family(name="today", group="newcomer", draw=_today),
    Family(name="weekday_today", group="newcomer", draw=_weekday, weight=0.7),
)
