"""A small API-Bank of our own making: the files that the loader wants, a few rows in each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TOKEN = "t0ken"

TABLES: dict[str, Any] = {
    "Account": {
        "Ann": {"password": "pw", "token": TOKEN, "email": "ann@example.org"},
        "Ben": {"password": "bw", "token": "t1ken", "email": "ben@example.org"},
    },
    "Agenda": {
        "1": {"content": "Paint", "time": "2023-05-02", "location": "Shed", "username": "Ann"}
    },
    "Alarm": {"1": {"time": "2023-05-02 07:00:00", "username": "Ann"}},
    "Appointments": {
        "11112222": {"patient_name": "Ann Lee", "date": "2023-05-03", "doctor_name": "Dr. Fox"}
    },
    "Bank": {"Ann": {"balance": 12.5}},
    "HealthData": {"A1": [{"time": "2023-05-01 10:00:00", "heart_rate": 70}]},
    "Hotel": {"1": {"hotel_name": "Inn"}},
    "Meeting": {
        "1": {
            "meeting_topic": "Plans",
            "start_time": "2023-05-04 10:00:00",
            "end_time": "2023-05-04 11:00:00",
            "location": "Room 1",
            "attendees": ["Ben", "Cy"],
            "username": "Ann",
        }
    },
    "Reminder": {"1": {"content": "Call Cy", "time": "2023-05-05 09:00:00", "username": "Ann"}},
    "Scenes": {"evening": [{"name": "lamp", "description": "A lamp"}]},
    "TimeSwitch": {"lamp": [{"time": "2023-05-05 20:00:00", "on": True}]},
    "History": {"05-05": [{"Title": "A day", "Date": "1900-05-05", "Description": "It was."}]},
    "QuestionAnswering": {"https://d.example/1": [{"question": "Who wrote it?", "answer": "Dee"}]},
    "SearchEngine": {
        "raw_documents": [
            {"title": "Bees", "url": "https://b.example", "abstract": "Bees make honey."},
            {"title": "Tea", "url": "https://t.example", "abstract": "Leaves in water."},
        ]
    },
    "SpeechRecognition": {"https://s.example/1.wav": "Good morning."},
    "Stock": {"ABC": {"2023-05-01": 10}},
    "Symptom": {"fever": [{"name": "Flu", "description": "An infection.", "aid": "Rest."}]},
    "Wiki": {
        "honey bee": {"url": "https://w.example", "summary": "An insect.", "content": "Long."}
    },
    "ImageCaptioning": [{"url": "https://p.example/1.jpg", "caption": "a bee"}],
}


def call(name: str, result: Any, **arguments: Any) -> dict[str, Any]:
    """One recorded call; recordings spell every argument as text and tell its value apart."""
    spelled = {key: str(value) for key, value in arguments.items()}
    made = {"api_name": name, "input": arguments, "output": result, "exception": None}
    return {"role": "API", "api_name": name, "param_dict": spelled, "result": made}


def said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "text": text}


LEVEL_1: dict[str, list[dict[str, Any]]] = {
    "Alarm-1": [
        said("User", "Wake me at eight on May 2. I am Ann, password pw."),
        said("AI", "One moment."),
        call("GetUserToken", {"token": TOKEN}, username="Ann", password="pw"),
        said("AI", "I know you now."),
        call(
            "ModifyAlarm",
            "success",
            token=TOKEN,
            from_time="2023-05-02 07:00:00",
            to_time="2023-05-02 08:00:00",
        ),
        said("AI", "Done."),
    ],
    "Doctor-1": [
        said("User", "I am Bo. Register me with Dr. Fox on May 9, then show it."),
        call(
            "AppointmentRegistration",
            "87654321",
            patient_name="Bo",
            date="2023-05-09",
            doctor_name="Dr. Fox",
        ),
        call(
            "QueryRegistration",
            {"87654321": {"patient_name": "Bo", "date": "2023-05-09", "doctor_name": "Dr. Fox"}},
            patient_name="Bo",
            date="2023-05-09",
        ),
    ],
    "Empty-1": [],
    "Word-1": [
        said("User", "How do I say bee in French?"),
        call("Translate", "abeille", src="bee", tgt_lang="fr"),
    ],
}
LEVEL_2: dict[str, list[dict[str, Any]]] = {
    "Stock-1": [
        said("User", "What did ABC cost on May 1, 2023?"),
        call("ToolSearcher", {"name": "QueryStock"}, keywords="stock price"),
        call("QueryStock", 10.0, stock_code="ABC", date="2023-05-01"),
    ]
}


def write(folder: Path) -> Path:
    """All of it as files; gives the folder."""
    tables = folder / "api_bank" / "init_database"
    tables.mkdir(parents=True)
    for name, table in TABLES.items():
        (tables / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    for level, dialogues in (("level-1-given-desc", LEVEL_1), ("level-2-toolsearcher", LEVEL_2)):
        place = folder / "api_bank" / "lv1-lv2-samples" / level
        place.mkdir(parents=True)
        for name, turns in dialogues.items():
            lines = "".join(f"{json.dumps(turn)}\n" for turn in turns)
            (place / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder
