"""`codeact eval apibank` as a program, over a small API-Bank of our own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli import program
from tests.evals import apibank_data

RIGHT = '{"tool": "Translate", "kwargs": {"src": "bee", "tgt_lang": "French"}}'
WRONG = '{"tool": "Translate", "kwargs": {"src": "bee", "tgt_lang": "es"}}'


def _apibank(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    data = home / "data"
    if not data.exists():
        apibank_data.write(data)
    return program.run(home, "eval", "apibank", "--data-dir", str(data), *arguments)


def _record(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_reference_makes_and_alters_every_recorded_call(tmp_path: Path) -> None:
    formats = "code,json,text,native"
    record = _record(_apibank(tmp_path, "-m", "reference", "--format", formats, "--json"))
    executed, by_arguments = {"n": 4, "solved": 4}, {"n": 1, "solved": 1}
    assert (record["n"], record["refused"], record["unlike_recorded"]) == (5, [], [])
    for found in (record, *(record[name] for name in formats.split(","))):
        assert (found["executed"], found["argument_only"]) == (executed, by_arguments)
    altered = record["altered"]
    assert altered["n"] == altered["rejected"] == len(altered["calls"]) > 0
    assert {each["id"] for each in altered["calls"]} == {
        "Alarm-1/1",
        "Alarm-1/2",
        "Doctor-1/1",
        "Doctor-1/2",
        "Word-1/1",
    }


def test_every_format_reads_back_what_it_wrote(tmp_path: Path) -> None:
    record = _record(_apibank(tmp_path, "--roundtrip", "--json"))
    assert record == {
        name: {"n": 5, "ok": 5, "lost": []} for name in ("code", "json", "text", "native")
    }


@pytest.mark.parametrize(
    ("reply", "solved", "kinds"),
    [
        (RIGHT, 1, {}),
        (WRONG, 0, {"wrong_arguments": 1}),
        ("Which language?", 0, {"no_call": 1}),
        (RIGHT.replace("Translate", "Wiki"), 0, {"wrong_api": 1}),
        (RIGHT.replace("src", "source"), 0, {"invalid_arguments": 1}),
        ('{"tool": 3}', 0, {"invalid": 1}),
    ],
)
def test_failures_of_a_model_are_counted_by_kind(
    tmp_path: Path, reply: str, solved: int, kinds: dict[str, int]
) -> None:
    model = program.script(tmp_path, reply)
    only = ("-m", model, "--format", "json", "--task", "Word-1/1", "-o", "out")
    record = _record(_apibank(tmp_path, *only, "--json"))
    assert record["json"] == {
        "n": 1,
        "solved": solved,
        "executed": {"n": 0, "solved": 0},
        "argument_only": {"n": 1, "solved": solved},
        "failed": 0,
        "kinds": kinds,
    }


def test_a_run_goes_on_where_it_stopped_and_is_reported(tmp_path: Path) -> None:
    first = _apibank(tmp_path, "-m", "reference", "--format", "code", "--limit", "2", "-o", "out")
    assert first.returncode == 0
    second = _apibank(tmp_path, "-m", "reference", "--format", "code", "-o", "out")
    assert second.stderr.startswith("5 episodes, 2 of them there already; kept in out")
    assert "How calls were judged" in second.stdout
    assert "Recorded calls with one argument altered" in second.stdout
    data = ("--data-dir", str(tmp_path / "data"))
    report = program.run(tmp_path, "eval", "report", "out", *data)
    assert report.returncode == 0, report.stderr
    assert report.stdout.startswith("API-Bank, level 1: 1 level\n\nSuccess\n")


def test_level_two_is_played_in_a_folder_of_its_own(tmp_path: Path) -> None:
    play = ("-m", "reference", "--format", "json", "-o", "out", "--json")
    assert _record(_apibank(tmp_path, *play, "--level", "2"))["json"]["solved"] == 2
    refused = _apibank(tmp_path, *play, "--level", "1")
    assert refused.returncode == 2
    assert "level" in refused.stderr


def test_all_calls_are_listed_with_how_they_are_judged(tmp_path: Path) -> None:
    rows = _record(_apibank(tmp_path, "--list", "--json"))
    assert [row["id"] for row in rows][-1] == "Word-1/1"
    assert {row["id"]: row["scored"] for row in rows}["Word-1/1"] == "arguments"
    assert rows[1]["answer"]["api"] == "ModifyAlarm"


def test_a_folder_without_the_public_files_is_refused(tmp_path: Path) -> None:
    done = program.run(tmp_path, "eval", "apibank", "-m", "reference", "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert "There is no file" in done.stderr
