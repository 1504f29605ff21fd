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

from codeact import trajectory as trajectories
from tests.cli import program
from tests.data.samples import CHARACTERS, lived

COLLECT = ("collect", "-m", "oracle", "--repairs", "0", "-o", "all.jsonl")
GSM8K = {"question": "Two and two?", "answer": "2+2=<<2+2=4>>4 ducks.\n#### 4"}


def _data(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return program.run(home, "data", *arguments, env=env)


def _record(home: Path, *arguments: str) -> Any:
    done = _data(home, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _lived(home: Path) -> None:
    """A file of judged trajectories: two to learn, one with a repair, one that failed its task."""
    replies = (("act", "answer one"), ("act", "again", "answer two"), ("!wrong", "right", "done"))
    for number, each in enumerate(replies):
        trajectories.append(home / "all.jsonl", lived(*each, task=f"t/{number}"))
    trajectories.append(home / "all.jsonl", lived("act", "no", outcome="wrong", task="t/9"))


def test_an_oracles_tasks_are_collected_and_counted(tmp_path: Path) -> None:
    done = _data(tmp_path, *COLLECT, "-n", "4")
    assert done.returncode == 0, done.stderr
    assert "4/4 · oracle code · solved 100 % of 4" in done.stderr
    rows = _record(tmp_path, "stats", "all.jsonl")
    assert [(row["source"], row["instances"]) for row in rows] == [("families", 4), ("total", 4)]


def test_a_mixture_says_what_came_from_where(tmp_path: Path) -> None:
    _lived(tmp_path)
    (tmp_path / "gsm8k.jsonl").write_text((json.dumps(GSM8K) + "\n") * 40)
    arguments = ("--general", "gsm8k.jsonl=0.5", "-o", "mix", "--to", "parquet")
    mixed = _record(tmp_path, "mix", "all.jsonl", *arguments)
    assert mixed["parts"][1]["share"] == pytest.approx(0.5, abs=0.1)
    assert mixed == json.loads((tmp_path / "mix" / "mixture.json").read_text())
    report = _record(tmp_path, "leakage", "mix/train.parquet", "--against", "m3tooleval")
    assert (report[0]["n"], report[0]["leaked"]) == (82, 0)


def test_the_papers_filters_are_the_default(tmp_path: Path) -> None:
    _lived(tmp_path)
    kept = _record(tmp_path, "select", "all.jsonl", "-o", "paper.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "paper.jsonl").read_text().splitlines()]
    assert (kept["there"], kept["solved"], len(lines)) == (4, 3, 2)
    assert all(len(line["steps"]) > 2 for line in lines)


def test_quotas_and_recovery_narrow_a_selection(tmp_path: Path) -> None:
    _lived(tmp_path)
    solved = ("select", "all.jsonl", "--keep", "solved")
    few = _record(tmp_path, *solved, "--quota", "s=2", "-o", "few.jsonl")
    assert (few["distinct"], few["within quotas"]) == (3, 2)
    assert _record(tmp_path, *solved, "--recovery", "-o", "r.jsonl")["within quotas"] == 1


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    _lived(tmp_path)
    arguments = ("convert", "all.jsonl", "-o", "out.jsonl")
    assert _data(tmp_path, *arguments).returncode == 0
    refused = _data(tmp_path, *arguments)
    assert (refused.returncode, "--force" in refused.stderr) == (2, True)
    assert _data(tmp_path, *arguments, "--force").returncode == 0


def test_a_stopped_collection_keeps_what_it_has(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*program.PROGRAM, "data", *COLLECT, "-n", "600"],
        cwd=tmp_path,
        env=program.environment(tmp_path),
        stderr=subprocess.PIPE,
    )
    path = tmp_path / "all.jsonl"
    end = time.monotonic() + program.SECONDS
    while not (path.exists() and path.stat().st_size > 1_000) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=program.SECONDS)
    assert process.returncode == 130
    assert b"every finished episode is kept" in said
    assert 0 < len(path.read_text().splitlines()) < 600


def test_the_same_command_goes_on_where_it_was(tmp_path: Path) -> None:
    assert _data(tmp_path, *COLLECT, "-n", "2").returncode == 0
    done = _data(tmp_path, *COLLECT, "-n", "3", "--json")
    assert json.loads(done.stdout)["n"] == 3
    assert "3 episodes, 2 of them there already" in done.stderr


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
    _lived(tmp_path)
    shown = ("show", "all.jsonl", "--task", "t/2")
    plain = _data(tmp_path, *shown).stdout
    assert "── assistant (not learned)\n!wrong\n" in plain
    assert "── assistant (learned)\nright\n" in plain
    assert "\x1b[" not in plain
    with program.Terminal(tmp_path, "data", *shown) as terminal:
        terminal.end()
    assert "\x1b[31m!wrong" in terminal.raw
    assert "\x1b[32mright" in terminal.raw


def test_tokens_are_set_apart_by_a_tokenizer(tmp_path: Path) -> None:
    _lived(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(CHARACTERS))
    shown = ("data", "show", "all.jsonl", "--task", "t/2", "--tokenizer", "tokenizer.json")
    with program.Terminal(tmp_path, *shown) as terminal:
        terminal.end()
    even, odd = "\x1b[31m!\x1b[0m\x1b[4;31mw\x1b[0m", "\x1b[4;31m!\x1b[0m\x1b[31mw\x1b[0m"
    assert even in terminal.raw or odd in terminal.raw
    assert "<|im_start|>system" not in terminal.text


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
