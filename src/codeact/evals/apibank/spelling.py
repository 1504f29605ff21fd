"""How texts and times are read where their spelling does not matter."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date, datetime

_WORD = re.compile(r"[^\W_]+")
_MONTH_DAY = re.compile(r"(?:\d{4}-)?(\d{1,2})-(\d{1,2})")

NEAR = 0.8
"""How alike a text must be to a table's entry to be answered by it (difflib's ratio)."""


def folded(text: str) -> str:
    """Without case and without superfluous space."""
    return " ".join(text.casefold().split())


def words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def moment(text: str) -> datetime | None:
    """The time that a text spells, without zone; a date is its midnight."""
    plain = text.strip().replace("/", "-")
    try:
        return datetime.fromisoformat(plain).replace(tzinfo=None)
    except ValueError:
        return None


def day(text: str) -> date | None:
    read = moment(text)
    return None if read is None else read.date()


def month_day(text: str) -> tuple[int, int] | None:
    """From `MM-DD`, or from a whole date."""
    found = _MONTH_DAY.fullmatch(text.strip().replace("/", "-"))
    return None if found is None else (int(found[1]), int(found[2]))


def date_alone(text: str) -> bool:
    return len(text.strip()) <= len("YYYY-MM-DD")


def same_moment(one: str, other: str) -> bool:
    read = moment(one)
    return one.strip() == other.strip() if read is None else read == moment(other)


def same_day(one: str, other: str) -> bool:
    read = day(one)
    return one.strip() == other.strip() if read is None else read == day(other)


def fits_record(record: str, asked: str) -> bool:
    """Whether a time is a record's; a record that holds a date alone has no hour to compare."""
    return same_day(record, asked) if date_alone(record) else same_moment(record, asked)


def nearest(asked: str, known: Iterable[str]) -> str | None:
    """The entry that is meant: the same but for case and space, else the most alike one."""
    by_fold = {folded(name): name for name in known}
    wanted = folded(asked)
    if wanted in by_fold:
        return by_fold[wanted]
    near = difflib.get_close_matches(wanted, by_fold, n=1, cutoff=NEAR)
    return by_fold[near[0]] if near else None
