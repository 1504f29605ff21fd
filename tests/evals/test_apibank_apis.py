"""The APIs of API-Bank do what their recorded calls show, in small databases of our own."""

from __future__ import annotations

from typing import Any

import pytest

from codeact.actions import ToolCall
from codeact.evals.apibank.calls import Misfit, Outcome, fit, perform
from codeact.evals.apibank.catalogue import catalogue
from codeact.evals.apibank.databases import ApiWorld, Databases
from tests.evals.apibank_data import TABLES, TOKEN


@pytest.fixture
def world() -> ApiWorld:
    return Databases(TABLES).world()


def _made(world: ApiWorld, name: str, /, **arguments: Any) -> Outcome:
    return perform(world, name, fit(catalogue(world)[name], ToolCall(name=name, kwargs=arguments)))


def _done(world: ApiWorld, name: str, /, **arguments: Any) -> Any:
    outcome = _made(world, name, **arguments)
    assert outcome.refusal is None
    return outcome.result


MEETING = {
    "token": TOKEN,
    "meeting_topic": "Plans",
    "start_time": "2023-05-04 10:00:00",
    "end_time": "2023-05-04 11:00:00",
    "location": "Room 1",
    "attendees": ["Cy", "Ben"],
}


def test_there_are_all_fifty_three_apis(world: ApiWorld) -> None:
    assert len(catalogue(world)) == 53


def test_a_world_is_a_copy_that_leaves_the_databases_alone(world: ApiWorld) -> None:
    _done(world, "DeleteAccount", token=TOKEN)
    assert "Ann" not in world.tables["Account"]
    assert "Ann" in Databases(TABLES).world().tables["Account"]


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("GetUserToken", {"username": "Ann", "password": "pw"}, {"token": TOKEN}),
        ("CheckToken", {"token": TOKEN}, "Ann"),
        ("QueryBalance", {"token": TOKEN}, 12.5),
        ("QueryStock", {"stock_code": "ABC", "date": "2023-05-01"}, 10.0),
        ("QueryAlarm", {"token": TOKEN, "time": "2023-05-02 07:00:00"}, TABLES["Alarm"]["1"]),
        (
            "QueryAgenda",
            {"token": TOKEN, "content": "paint", "time": "2023-05-02 15:00:00", "location": "shed"},
            TABLES["Agenda"]["1"],
        ),
        (
            "QueryReminder",
            {"token": TOKEN, "content": "Call Cy", "time": "2023-05-05 09:00"},
            TABLES["Reminder"]["1"],
        ),
        ("QueryMeeting", MEETING, TABLES["Meeting"]["1"]),
        (
            "QueryRegistration",
            {"patient_name": "ann lee", "date": "2023-05-03"},
            TABLES["Appointments"],
        ),
        (
            "QueryHealthData",
            {
                "user_id": "A1",
                "start_time": "2023-05-01 00:00:00",
                "end_time": "2023-05-02 00:00:00",
            },
            TABLES["HealthData"]["A1"],
        ),
        ("SymptomSearch", {"symptom": "Fevers"}, [{"name": "Flu", "description": "An infection."}]),
        ("EmergencyKnowledge", {"symptom": "fever"}, [{"name": "Flu", "aid": "Rest."}]),
        ("QueryScene", {"name": "Evening"}, TABLES["Scenes"]["evening"]),
        ("Wiki", {"keyword": "Honey Bees"}, {"url": "https://w.example", "summary": "An insect."}),
        ("SearchEngine", {"keyword": "honey"}, TABLES["SearchEngine"]["raw_documents"][:1]),
        (
            "QueryHistoryToday",
            {"date": "05-05"},
            ["Title: A day, Date: 1900-05-05, Description: It was."],
        ),
        ("DocumentQA", {"url": "https://d.example/1", "question": "who wrote it"}, "Dee"),
        ("SpeechRecognition", {"url": "https://s.example/1.wav"}, "Good morning."),
        ("ImageCaption", {"url": "https://p.example/1.jpg"}, "a bee"),
        ("PlayMusic", {"music_name": "Big  Bee"}, "music://big bee"),
        ("Calculator", {"formula": "(2+3)*-4/8"}, -2.5),
        ("GetToday", {}, "2023-03-31"),
    ],
)
def test_what_is_asked_is_answered_from_the_tables(
    world: ApiWorld, name: str, arguments: dict[str, Any], result: Any
) -> None:
    before = world.copy()
    assert _done(world, name, **arguments) == result
    assert world.tables == before.tables


def test_a_forgotten_password_is_replaced_in_two_steps(world: ApiWorld) -> None:
    asked = {"status": "Forgot Password", "username": "Ann", "email": "ann@example.org"}
    code = _done(world, "ForgotPassword", **asked)
    proven = {"status": "Verification Code", "verification_code": code, "new_password": "new"}
    assert _done(world, "ForgotPassword", **proven) == "success"
    assert _done(world, "GetUserToken", username="Ann", password="new") == {"token": TOKEN}


def test_a_new_user_has_a_token_that_opens_what_needs_one(world: ApiWorld) -> None:
    token = _done(world, "RegisterUser", username="Cy", password="c", email="c@c.example")["token"]
    assert _done(world, "AddAlarm", token=token, time="2023-06-01 08:00:00") == "success"
    assert world.tables["Alarm"]["2"] == {"time": "2023-06-01 08:00:00", "username": "Cy"}


def test_a_recorded_number_is_drawn_again(world: ApiWorld) -> None:
    arguments = {"patient_name": "Bo", "date": "2023-05-09", "doctor_name": "Dr. Fox"}
    outcome = perform(world, "AppointmentRegistration", arguments, "87654321")
    assert outcome.result == "87654321"
    assert world.tables["Appointments"]["87654321"] == arguments


def test_what_was_changed_and_deleted_stays_so(world: ApiWorld) -> None:
    _done(world, "ModifyReminder", token=TOKEN, content="Call Di", time="2023-05-05 09:00:00")
    assert world.tables["Reminder"]["1"]["content"] == "Call Di"
    _done(world, "DeleteMeeting", **MEETING)
    assert world.tables["Meeting"] == {}
    _done(world, "CancelTimedSwitch", device_id="lamp", time="2023-05-05 20:00:00")
    assert world.tables["TimeSwitch"]["lamp"] == []
    _done(world, "CancelRegistration", appointment_id=11112222)
    assert world.tables["Appointments"] == {}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("GetUserToken", {"username": "Ann", "password": "PW"}),
        ("QueryBalance", {"token": "nobody"}),
        ("QueryBalance", {"token": "t1ken"}),
        ("AddAlarm", {"token": TOKEN, "time": "tomorrow"}),
        ("DeleteAlarm", {"token": "t1ken", "time": "2023-05-02 07:00:00"}),
        ("DeleteMeeting", {**MEETING, "location": "Room 2"}),
        ("QueryRegistration", {"patient_name": "Ann Lee", "date": "2023-05-04"}),
        (
            "QueryHealthData",
            {"user_id": "B2", "start_time": "2023-05-01", "end_time": "2023-05-02"},
        ),
        (
            "QueryHealthData",
            {"user_id": "A1", "start_time": "2023-05-02", "end_time": "2023-05-01"},
        ),
        ("Calculator", {"formula": "__import__('os')"}),
        ("Calculator", {"formula": "9**9**9"}),
        ("Calculator", {"formula": "1/0"}),
        ("QueryHistoryToday", {"date": "05-06"}),
        ("RecordHealthData", {"user_id": "A1", "time": "2023-05-01 10:00:00", "health_data": []}),
        ("Translate", {"src": "bee", "tgt_lang": "fr"}),
        ("ToolSearcher", {"keywords": "zzz"}),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    world: ApiWorld, name: str, arguments: dict[str, Any]
) -> None:
    before = world.copy()
    assert _made(world, name, **arguments).refusal
    assert world.tables == before.tables


def test_texts_and_numbers_stand_for_one_another(world: ApiWorld) -> None:
    switch = catalogue(world)["TimedSwitch"]
    call = ToolCall(name="TimedSwitch", args=(12, "2023-05-05 20:00:00", "True"))
    assert fit(switch, call) == {"device_id": "12", "time": "2023-05-05 20:00:00", "on": True}
    meeting = catalogue(world)["QueryMeeting"]
    spelled = ToolCall(name="QueryMeeting", kwargs={**MEETING, "attendees": "['Cy', 'Ben']"})
    assert fit(meeting, spelled)["attendees"] == ["Cy", "Ben"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("GetToday", {"zone": "UTC"}),
        ("GetUserToken", {"username": "Ann"}),
        ("GetUserToken", {"username": "Ann", "password": ["pw"]}),
        ("QueryMeeting", {**MEETING, "attendees": "Cy"}),
        ("TimedSwitch", {"device_id": "lamp", "time": "2023-05-05", "on": "perhaps"}),
    ],
)
def test_arguments_that_an_api_cannot_take_are_a_misfit(
    world: ApiWorld, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(Misfit, match=name):
        _made(world, name, **arguments)


def test_a_search_finds_tools_by_words_of_their_names(world: ApiWorld) -> None:
    found = _done(world, "ToolSearcher", keywords="cancel a timed switch")
    assert found[0]["name"] == "CancelTimedSwitch"
    assert found[0]["signature"].startswith("CancelTimedSwitch(device_id: str, time: str)")
