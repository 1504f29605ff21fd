"""Which calls of API-Bank are right: every tolerance, and what is never tolerated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codeact.actions import Action, Answer, InvalidAction, ToolCall
from codeact.errors import ConfigError, DataError
from codeact.evals.apibank import ApiBank
from codeact.evals.apibank.alterations import altered
from codeact.evals.apibank.databases import Databases
from codeact.evals.apibank.dialogues import Dialogue, Made, Sample
from codeact.evals.apibank.findings import gold
from codeact.evals.apibank.grader import Grader, Verdict
from tests.evals import apibank_data
from tests.evals.apibank_data import TABLES, TOKEN

ALARM = {"token": TOKEN, "time": "2023-05-06 07:00:00"}
AGENDA = {"token": TOKEN, "content": "Paint", "time": "2023-05-02 15:00:00", "location": "Shed"}
MEETING = {
    "token": TOKEN,
    "meeting_topic": "Plan of the new house",
    "start_time": "2023-05-08 10:00:00",
    "end_time": "2023-05-08 11:00:00",
    "location": "Room 1",
    "attendees": ["Ben", "Cy"],
}
HEALTH = {
    "user_id": "A1",
    "time": "2023-05-02 10:00:00",
    "health_data": [
        {"name": "blood_pressure", "value": "120/80"},
        {"name": "pulse", "value": "70"},
    ],
}
FORGOT = {"status": "Forgot Password", "username": "Ann", "email": "ann@example.org"}


def _judged(name: str, wanted: dict[str, Any], action: Action, result: Any = None) -> Verdict:
    """An action where a call was recorded as the first of its dialogue."""
    made = Made(name=name, arguments=wanted, result=result)
    sample = Sample(dialogue=Dialogue(id="d", turns=(made,)), number=0, level=1)
    return Grader(Databases(TABLES)).judge(sample, action)


def _given(name: str, wanted: dict[str, Any], **other: Any) -> Verdict:
    """The recorded call with some arguments replaced."""
    return _judged(name, wanted, ToolCall(name=name, kwargs={**wanted, **other}))


@pytest.mark.parametrize(
    ("name", "wanted", "other", "reason"),
    [
        ("AddAlarm", ALARM, {"token": f" {TOKEN} "}, "space around"),
        ("AddAlarm", ALARM, {"time": "2023-05-06T07:00"}, "another spelling"),
        ("AddAgenda", AGENDA, {"location": "SHED "}, "case and spacing"),
        ("AddAgenda", {**AGENDA, "content": "Paint the shed"}, {"content": "Paint shed"}, "half"),
        ("AddMeeting", MEETING, {"attendees": ["cy", "Ben"]}, "order of attendees"),
        ("AddMeeting", MEETING, {"meeting_topic": "Plan of the house"}, "half of all words"),
        (
            "RecordHealthData",
            HEALTH,
            {
                "health_data": [
                    {"name": "pulse", "value": 70},
                    {"name": "Blood pressure", "value": "120/80"},
                ]
            },
            "order of items",
        ),
        ("QueryHistoryToday", {"date": "05-05"}, {"date": "2023-05-05"}, "the year"),
        (
            "QueryStock",
            {"stock_code": "ABC", "date": "2023-05-01"},
            {"date": "2023/05/01"},
            "same day",
        ),
        ("Translate", {"src": "bee", "tgt_lang": "fr"}, {"tgt_lang": "French"}, "its code"),
        ("Calculator", {"formula": "2*3"}, {"formula": "3+3"}, "same value"),
        ("DeleteAgenda", AGENDA, {"time": "2023-05-02 09:00:00"}, "day alone"),
        (
            "QueryHealthData",
            {"user_id": "A1", "start_time": "2023-05-01 00:00:00", "end_time": "2023-05-02"},
            {"start_time": "2023-05-01 08:00:00"},
            "the same records",
        ),
        ("SymptomSearch", {"symptom": "fever"}, {"symptom": "fevers"}, "nearest entry"),
        ("SearchEngine", {"keyword": "honey"}, {"keyword": "honey bees"}, "the same pages"),
    ],
)
def test_what_means_the_same_is_tolerated_with_a_reason(
    name: str, wanted: dict[str, Any], other: dict[str, Any], reason: str
) -> None:
    verdict = _given(name, wanted, **other)
    assert verdict.kind == "solved"
    assert list(verdict.tolerated) == list(other)
    assert reason in verdict.tolerated[next(iter(other))]


@pytest.mark.parametrize(
    ("name", "wanted", "other"),
    [
        ("AddAlarm", ALARM, {"time": "2023-05-06 08:00:00"}),
        ("AddAgenda", AGENDA, {"content": "Wash the car"}),
        ("AddAgenda", AGENDA, {"content": "Paint pots"}),
        ("AddMeeting", MEETING, {"attendees": ["Ben"]}),
        ("ModifyAgenda", AGENDA, {"time": "2023-05-02 09:00:00"}),
        ("RecordHealthData", HEALTH, {"health_data": HEALTH["health_data"][:1]}),
        ("Calculator", {"formula": "2*3"}, {"formula": "2*4"}),
        ("Translate", {"src": "bee", "tgt_lang": "fr"}, {"tgt_lang": "es"}),
        (
            "QueryHealthData",
            {"user_id": "A1", "start_time": "2023-05-01 00:00:00", "end_time": "2023-05-02"},
            {"end_time": "2023-05-03"},
        ),
    ],
)
def test_another_meaning_is_a_wrong_argument(
    name: str, wanted: dict[str, Any], other: dict[str, Any]
) -> None:
    assert _given(name, wanted, **other).kind == "wrong_arguments"


def test_the_same_result_by_another_change_is_wrong() -> None:
    timed = {**TABLES["Agenda"]["1"], "time": "2023-05-02 15:00:00"}
    tables = {**TABLES, "Agenda": {"1": timed, "2": TABLES["Agenda"]["1"]}}
    made = Made(name="DeleteAgenda", arguments=AGENDA, result="success")
    sample = Sample(dialogue=Dialogue(id="d", turns=(made,)), number=0, level=1)
    other = ToolCall(name="DeleteAgenda", kwargs={**AGENDA, "time": "2023-05-02 09:00:00"})
    assert Grader(Databases(tables)).judge(sample, other).kind == "wrong_arguments"


def test_a_call_that_the_api_refuses_is_an_execution_error() -> None:
    verdict = _given("AddAlarm", ALARM, token="nobody")
    assert verdict.kind == "execution_error"
    assert "nobody" in verdict.detail


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (ToolCall(name="AddReminder", kwargs=ALARM), "wrong_api"),
        (ToolCall(name="AddAlarm", kwargs={"token": TOKEN}), "invalid_arguments"),
        (Answer(text="Shall I?"), "no_call"),
        (InvalidAction(reason="no", kind="no_call"), "no_call"),
        (InvalidAction(reason="no", kind="bad_json"), "invalid"),
    ],
)
def test_failures_are_told_apart(action: Action, kind: str) -> None:
    assert _judged("AddAlarm", ALARM, action).kind == kind


def test_arguments_may_stand_in_the_signature_order() -> None:
    call = ToolCall(name="AddAlarm", args=tuple(ALARM.values()))
    assert _judged("AddAlarm", ALARM, call).right


def test_the_dialogues_earlier_calls_are_made_first(tmp_path: Path) -> None:
    benchmark = ApiBank(data_dir=apibank_data.write(tmp_path))
    shown = ToolCall(name="QueryRegistration", kwargs={"patient_name": "Bo", "date": "2023-05-09"})
    assert benchmark.verdict("Doctor-1/2", shown).right
    assert gold(benchmark, benchmark.tasks()) == {
        "n": 5,
        "executed": {"n": 4, "solved": 4},
        "argument_only": {"n": 1, "solved": 1},
        "refused": [],
        "unlike_recorded": [],
    }


def test_every_altered_argument_is_judged_by_the_grader(tmp_path: Path) -> None:
    benchmark = ApiBank(data_dir=apibank_data.write(tmp_path))
    found = list(altered(benchmark.grader, list(benchmark.samples.values())))
    assert {(each.id, each.argument) for each in found} == {
        (sample.id, name) for sample in benchmark.samples.values() for name in sample.gold.arguments
    }
    assert not [each for each in found if each.verdict == "tolerated"]
    assert all(each.value != each.was for each in found)


def test_a_search_is_right_when_it_finds_what_is_called_next(tmp_path: Path) -> None:
    benchmark = ApiBank(data_dir=apibank_data.write(tmp_path), level=2)
    for keywords, kind in [("QueryStock", "solved"), ("play music", "wrong_arguments")]:
        search = ToolCall(name="ToolSearcher", kwargs={"keywords": keywords})
        assert benchmark.verdict("Stock-1/1", search).kind == kind


def test_level_two_offers_what_was_searched_for(tmp_path: Path) -> None:
    samples = ApiBank(data_dir=apibank_data.write(tmp_path), level=2).samples
    assert samples["Stock-1/1"].offered == ("ToolSearcher",)
    assert samples["Stock-1/2"].offered == ("ToolSearcher", "QueryStock")


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CODEACT_DATA"):
        ApiBank(data_dir=tmp_path)
    with pytest.raises(ConfigError, match="--data-dir"):
        ApiBank()


def test_a_damaged_dialogue_is_named_with_its_line(tmp_path: Path) -> None:
    folder = apibank_data.write(tmp_path)
    place = folder / "api_bank" / "lv1-lv2-samples" / "level-1-given-desc" / "Word-1.jsonl"
    place.write_text('{"role": "User", "text": "Hi"}\n{"role": "API"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"Word-1\.jsonl, line 2"):
        ApiBank(data_dir=folder)


def test_a_call_without_arguments_is_altered_by_adding_one() -> None:
    made = Made(name="GetToday", arguments={}, result="2023-03-31")
    sample = Sample(dialogue=Dialogue(id="d", turns=(made,)), number=0, level=1)
    [found] = altered(Grader(Databases(TABLES)), [sample])
    assert (found.how, found.verdict, found.kind) == ("one added", "rejected", "invalid_arguments")


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ({"username": "Ann"}, "solved"),
        ({"username": "Ben"}, "execution_error"),
        ({"new_password": "other"}, "wrong_arguments"),
        ({"verification_code": 1}, "execution_error"),
    ],
)
def test_the_second_step_of_a_forgotten_password_needs_no_name(
    other: dict[str, Any], kind: str
) -> None:
    asked = Made(name="ForgotPassword", arguments=FORGOT, result=970420)
    step = {"status": "Verification Code", "verification_code": 970420, "new_password": "new"}
    proven = Made(name="ForgotPassword", arguments=step, result="success")
    sample = Sample(dialogue=Dialogue(id="d", turns=(asked, proven)), number=1, level=1)
    call = ToolCall(name="ForgotPassword", kwargs={**step, **other})
    assert Grader(Databases(TABLES)).judge(sample, call).kind == kind
