"""`codeact data` as a program: the whole pipeline, resuming, refusals and what a terminal shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli import program

COLLECT = ("collect", "-m", "oracle", "--repairs", "1", "-o", "all.jsonl")
GSM8K = {"question": "Two and two?", "answer": "2+2=<<2+2=4>>4 ducks.\n#### 4"}


def _data(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return program.run(home, "data", *arguments, env=env)


def _record(home: Path, *arguments: str) -> Any:
    done = _data(home, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _collected(home: Path, count: int = 6) -> None:
    done = _data(home, *COLLECT, "-n", str(count))
    assert done.returncode == 0, done.stderr


def test_the_pipeline_runs_from_tasks_to_a_mixture(tmp_path: Path) -> None:
    done = _data(tmp_path, *COLLECT, "-n", "6")
    assert "6/6 · oracle code · solved 100 % of 6" in done.stderr
    kept = _record(tmp_path, "select", "all.jsonl", "--keep", "solved", "-o", "good.jsonl")
    assert kept["there"] == kept["within quotas"] == 6
    rows = _record(tmp_path, "stats", "good.jsonl")
    assert [(row["source"], row["instances"]) for row in rows] == [("families", 6), ("total", 6)]
    made = _record(tmp_path, "convert", "good.jsonl", "--to", "openai", "-o", "o.jsonl")
    assert made == {"count": 6, "left_out": {}}
    (tmp_path / "gsm8k.jsonl").write_text((json.dumps(GSM8K) + "\n") * 400)
    mixed = _record(
        tmp_path,
        "mix",
        "good.jsonl",
        "--general",
        "gsm8k.jsonl=0.2",
        "-o",
        "mix",
        "--to",
        "parquet",
        "--validation",
        "0.3",
    )
    assert mixed["parts"][1]["share"] == pytest.approx(0.2, abs=0.02)
    assert mixed == json.loads((tmp_path / "mix" / "mixture.json").read_text())
    assert (tmp_path / "mix" / "train.parquet").exists()
    report = _record(tmp_path, "leakage", "mix/train.parquet", "--against", "m3tooleval")
    assert (report[0]["n"], report[0]["leaked"]) == (82, 0)


def test_the_papers_filters_are_the_default(tmp_path: Path) -> None:
    _collected(tmp_path, 8)
    kept = _record(tmp_path, "select", "all.jsonl", "-o", "paper.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "paper.jsonl").read_text().splitlines()]
    assert len(lines) == kept["kept by paper"] > 0
    assert all(len(line["steps"]) > 2 for line in lines)


def test_quotas_and_recovery_narrow_a_selection(tmp_path: Path) -> None:
    _collected(tmp_path)
    arguments = ("select", "all.jsonl", "--keep", "solved", "--recovery", "--quota", "families=2")
    assert _record(tmp_path, *arguments, "-o", "few.jsonl")["within quotas"] == 2


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    _collected(tmp_path, 2)
    arguments = ("convert", "all.jsonl", "-o", "out.jsonl")
    assert _data(tmp_path, *arguments).returncode == 0
    refused = _data(tmp_path, *arguments)
    assert (refused.returncode, "--force" in refused.stderr) == (2, True)
    assert _data(tmp_path, *arguments, "--force").returncode == 0


def test_a_killed_collection_goes_on(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*program.PROGRAM, "data", *COLLECT, "-n", "400"],
        cwd=tmp_path,
        env=program.environment(tmp_path),
        stderr=subprocess.PIPE,
    )
    path = tmp_path / "all.jsonl"
    end = time.monotonic() + program.SECONDS
    while not (path.exists() and path.stat().st_size > 10_000) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=program.SECONDS)
    assert process.returncode == 130
    assert b"every finished episode is kept" in said
    kept = len(path.read_text().splitlines())
    assert 0 < kept < 400
    done = _data(tmp_path, *COLLECT, "-n", str(kept + 3), "--json")
    assert json.loads(done.stdout)["solved"] == kept + 3
    assert f"{kept} of them there already" in done.stderr


def test_a_model_collects_from_public_files(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "math_train_craft"
    folder.mkdir(parents=True)
    question = {"question": "Two and two?", "answer": "4", "level": "Level 3"}
    (folder / "algebra.jsonl").write_text(json.dumps(question) + "\n")
    model = program.script(tmp_path, "<solution>4</solution>")
    arguments = ("collect", "--source", "math", "-m", model, "-o", "all.jsonl", "--json")
    done = _data(tmp_path, *arguments, CODEACT_DATA=str(tmp_path / "data"))
    assert json.loads(done.stdout) == {
        "n": 1, "solved": 1, "failed": 0, "outcomes": {"solved": 1},
    }  # fmt: skip


def test_a_provider_that_fails_is_told_and_tried_again(tmp_path: Path) -> None:
    model = program.script(tmp_path, "It is 4.")  # one reply for two tasks
    arguments = ("collect", "-n", "2", "-m", model, "--concurrency", "1", "-o", "all.jsonl")
    done = _data(tmp_path, *arguments)
    assert done.returncode == 3
    assert "1 episode ended by the provider or the interpreter" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("collect", "-m", "oracle", "-n", "2"), "-o FILE"),
        (("collect", "-m", "oracle", "-o", "x.jsonl"), "Say how many tasks"),
        (("collect", "-m", "oracle", "--source", "math", "-o", "x.jsonl"), "families only"),
        (("collect", "-m", "oracle", "-n", "2", "--source", "no", "-o", "x"), "families only"),
        (("collect", "-m", "demo", "-n", "2", "--source", "no", "-o", "x"), "no source named"),
        (("mix", "gsm8k.jsonl", "--general", "x", "-o", "d"), "write FILE=SHARE"),
        (("mix", "gsm8k.jsonl", "--general", "gsm8k.jsonl=0.5", "-o", "d"), "given twice"),
        (("select", "gsm8k.jsonl", "--quota", "a=b", "-o", "x"), "write SOURCE=N"),
        (("leakage", "gsm8k.jsonl", "--against", "no"), "neither a file nor one of"),
        (("leakage", "gsm8k.jsonl", "--against", "math"), "Name their folder"),
        (("show", "gsm8k.jsonl", "--task", "no"), "no conversation of task"),
        (("convert", "gsm8k.jsonl", "--to", "template", "-o", "x"), "--template FILE"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_written(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "gsm8k.jsonl").write_text(json.dumps(GSM8K) + "\n")
    done = _data(tmp_path, *arguments)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert sorted(os.listdir(tmp_path)) == ["gsm8k.jsonl"]


def test_a_leaked_question_is_shown_and_told_by_the_exit_code(tmp_path: Path) -> None:
    question = "How many of the twelve red hens are left when five of them were sold on Monday"
    (tmp_path / "questions.txt").write_text(f"{question}?\n")
    (tmp_path / "train.jsonl").write_text(json.dumps({**GSM8K, "question": question}) + "\n")
    done = _data(tmp_path, "leakage", "train.jsonl", "--against", "questions.txt")
    assert done.returncode == 1
    assert done.stdout.startswith("questions.txt: 1 leaked, 1 touched of 1\n  100%  1 in ")


def test_a_trajectory_is_shown_with_what_is_learned(tmp_path: Path) -> None:
    _collected(tmp_path)
    told = _data(tmp_path, "select", "all.jsonl", "--keep", "solved", "--recovery", "-o", "r.jsonl")
    assert told.returncode == 0, told.stderr
    plain = _data(tmp_path, "show", "r.jsonl").stdout
    assert "── assistant (not learned)" in plain
    assert "── assistant (learned)" in plain
    assert "\x1b[" not in plain
    with program.Terminal(tmp_path, "data", "show", "r.jsonl") as terminal:
        terminal.end()
    assert "\x1b[31m<execute>" in terminal.raw
    assert "\x1b[32m<execute>" in terminal.raw


def test_nothing_in_a_file_can_drive_the_terminal(tmp_path: Path) -> None:
    record = {**GSM8K, "question": "\x1b]0;owned\x07 a \x1b[2J b"}
    (tmp_path / "x.jsonl").write_text(json.dumps(record) + "\n")
    done = _data(tmp_path, "show", "x.jsonl")
    assert "\x1b" not in done.stdout
    assert "owned" not in done.stdout


def test_sources_and_families_are_listed(tmp_path: Path) -> None:
    listed = _record(tmp_path, "collect", "--list")
    assert {"families", "math", "apps", "wikitables-sqlite"} <= set(listed["sources"])
    assert "list_sum" in listed["families"]["newcomer"]
