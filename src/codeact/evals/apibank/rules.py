"""When two values of an argument mean the same: every tolerance, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codeact.evals.apibank.spelling import folded, month_day, same_day, same_moment, words

SHARED = 0.5
"""Free texts mean the same where more than this share of their words is common to both (the
paper's rule).
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """`same` compares values of the parameter's type; `reason` says why unlike ones may pass."""

    name: str
    same: Callable[[Any, Any], bool]
    reason: str = ""


def _exact(one: Any, other: Any) -> bool:
    return bool(one.strip() == other.strip()) if isinstance(one, str) else bool(one == other)


def _folded(one: str, other: str) -> bool:
    return folded(one) == folded(other)


def _shared(one: str, other: str) -> bool:
    mine, theirs = words(one), words(other)
    if not mine or not theirs:
        return folded(one) == folded(other)
    return len(mine & theirs) / len(mine | theirs) > SHARED


def _people(one: list[str], other: list[str]) -> bool:
    return sorted(map(folded, one)) == sorted(map(folded, other))


def _items(one: list[dict[str, str]], other: list[dict[str, str]]) -> bool:
    def plain(items: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
        return sorted(
            sorted((folded(key), " ".join(sorted_text(value))) for key, value in item.items())
            for item in items
        )

    def sorted_text(value: str) -> list[str]:
        return folded(value).replace("_", " ").split()

    return plain(one) == plain(other)


def _month_day(one: str, other: str) -> bool:
    read = month_day(one)
    return one.strip() == other.strip() if read is None else read == month_day(other)


_LANGUAGES = {"english": "en", "french": "fr", "spanish": "es", "german": "de", "chinese": "zh"}


def _language(one: str, other: str) -> bool:
    mine, theirs = folded(one), folded(other)
    return _LANGUAGES.get(mine, mine) == _LANGUAGES.get(theirs, theirs)


EXACT = Rule("exact", _exact, "space around an identifier is no part of it")
FOLDED = Rule("folded", _folded, "names are the same in any case and spacing")
WORDS = Rule("words", _shared, "free text: more than half of all words are shared")
MOMENT = Rule("moment", same_moment, "the same time in another spelling")
DAY = Rule("day", same_day, "the same day in another spelling")
MONTH_DAY = Rule("month and day", _month_day, "the year of the day is not asked for")
PEOPLE = Rule("people", _people, "the order of attendees means nothing")
ITEMS = Rule("items", _items, "the order of items means nothing, nor _ for a space")
LANGUAGE = Rule("language", _language, "a language by its name or its code")

_BY_PARAMETER: Mapping[str, Rule] = {
    "attendees": PEOPLE,
    "health_data": ITEMS,
    "smart_devices": ITEMS,
    "tgt_lang": LANGUAGE,
    **dict.fromkeys(("time", "start_time", "end_time", "from_time", "to_time"), MOMENT),
    **dict.fromkeys(("date", "check_in_time", "check_out_time", "new_appointment_date"), DAY),
    **dict.fromkeys(("email", "receiver", "status", "stock_code", "location"), FOLDED),
    **dict.fromkeys(("patient_name", "doctor_name", "new_appointment_doctor"), FOLDED),
    **dict.fromkeys(("hotel_name", "name", "music_name", "symptom", "keyword"), FOLDED),
    **dict.fromkeys(("content", "meeting_topic", "question", "src", "keywords"), FOLDED),
}
_WRITTEN = (
    ("AddAgenda", "content"),
    ("ModifyAgenda", "content"),
    ("AddReminder", "content"),
    ("ModifyReminder", "content"),
    ("AddMeeting", "meeting_topic"),
    ("ModifyMeeting", "meeting_topic"),
    ("SendEmail", "subject"),
    ("SendEmail", "content"),
)
_OF_ONE: Mapping[tuple[str, str], Rule] = {
    **dict.fromkeys(_WRITTEN, WORDS),
    ("QueryHistoryToday", "date"): MONTH_DAY,
}


def rule(api: str, parameter: str) -> Rule:
    """How values of an API's parameter are compared."""
    return _OF_ONE.get((api, parameter), _BY_PARAMETER.get(parameter, EXACT))


def _any(one: Any, other: Any) -> bool:
    return True


_DAY_ALONE = Rule("day alone", same_day, "the item's record holds its day alone")
_NEAREST = Rule("nearest", _any, "a text query is answered by the nearest entry, here the same")

_BY_RESULT: Mapping[tuple[str, str], Rule] = {
    ("Calculator", "formula"): Rule("value", _any, "another formula with the same value"),
    ("QueryHealthData", "start_time"): Rule("period", same_day, "the same day, the same records"),
    ("QueryHealthData", "end_time"): Rule("period", same_day, "the same day, the same records"),
    ("DeleteAgenda", "time"): _DAY_ALONE,
    ("QueryAgenda", "time"): _DAY_ALONE,
    ("SymptomSearch", "symptom"): _NEAREST,
    ("EmergencyKnowledge", "symptom"): _NEAREST,
    ("Wiki", "keyword"): _NEAREST,
    ("SearchEngine", "keyword"): Rule("pages", _any, "other keywords that find the same pages"),
    ("DocumentQA", "question"): _NEAREST,
    ("ForgotPassword", "username"): Rule(
        "step", lambda one, other: not one or not other, "the second call needs no username"
    ),
    ("ForgotPassword", "email"): Rule(
        "step", lambda one, other: not one or not other, "the second call needs no email"
    ),
    ("ToolSearcher", "keywords"): Rule("found", _any, "other keywords that find the tool"),
}


def by_result(api: str, parameter: str) -> Rule | None:
    """What more may differ where both calls come to the same; None where nothing may."""
    return _BY_RESULT.get((api, parameter))
