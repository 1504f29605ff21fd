"""`codeact eval` as a program: runs, resuming after a kill, reports and comparisons."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli import program

SALES = "web_browsing/people_in_sales"
PLAY = ("eval", "m3tooleval", "-m", "reference")
FAST = ("--format", "json,text", "--domain", "message_decoder")


def _eval(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return program.run(home, "eval", *arguments)


def _scripted(home: Path, *replies: str, name: str = "replies.jsonl") -> tuple[str, ...]:
    model = program.script(home, *replies, name=name)
    return ("m3tooleval", "-m", model, "--format", "json", "--task", SALES, "--epochs", "1")


def _record(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_reference_player_is_tallied_by_format(tmp_path: Path) -> None:
    done = program.run(
        tmp_path, *PLAY, "--format", "code,json,text", "--grader", "fixed", "--json", "--limit", "2"
    )
    record = _record(done)
    assert list(record) == ["code", "json", "text"]
    assert [(each["n"], each["solved"]) for each in record.values()] == [(2, 2)] * 3
    assert record["code"]["mean_turns"] == 2.0
    assert record["json"]["mean_turns"] == record["text"]["mean_turns"] > 2.0


def test_all_tasks_are_listed_with_their_answers(tmp_path: Path) -> None:
    rows = _record(_eval(tmp_path, "m3tooleval", "--list", "--json"))
    assert len(rows) == 82
    assert all(set(row) == {"id", "domain", "answer"} for row in rows)
    assert {"id": SALES, "domain": "web_browsing", "answer": 4} in rows


def test_a_list_can_be_read_by_a_person(tmp_path: Path) -> None:
    done = _eval(tmp_path, "m3tooleval", "--list", "--task", "people_in_sales")
    assert done.stdout == f"{SALES}  4\n"


def test_progress_goes_to_stderr_and_tables_to_stdout(tmp_path: Path) -> None:
    done = program.run(tmp_path, *PLAY, *FAST, "--limit", "3", "-o", "out")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == "6 episodes, 0 of them there already; kept in out"
    assert "6/6 · reference text · solved 100 % of 6 · $0.00" in done.stderr
    assert done.stdout.startswith("Success\nmodel      format  tasks")
    assert "codeact eval report out" in done.stderr


def _lived(folder: Path) -> list[dict[str, Any]]:
    """All trajectories by format, task and epoch, without times."""

    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: timeless(each) for key, each in value.items() if key != "seconds"}
        return [timeless(each) for each in value] if isinstance(value, list) else value

    records = [
        {"format": path.stem, **json.loads(line)}
        for path in folder.glob("*/*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    by_id = sorted(records, key=lambda each: (each["format"], *sorted(each["metadata"].items())))
    return [timeless(each) for each in by_id]


def _lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*/*.jsonl"))


def test_a_killed_run_that_is_resumed_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    command = (*PLAY, *FAST, "--epochs", "20", "--concurrency", "2", "--json")
    whole = _record(program.run(tmp_path, *command, "-o", "whole"))
    process = subprocess.Popen(
        [*program.PROGRAM, *command, "-o", "killed"],
        cwd=tmp_path,
        env=program.environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + program.SECONDS
    while _lines(tmp_path / "killed") < 20 and time.monotonic() < end:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 20 <= _lines(tmp_path / "killed") < 320
    resumed = _record(program.run(tmp_path, *command, "-o", "killed"))
    assert resumed == whole
    assert len(_lived(tmp_path / "killed")) == 320
    assert _lived(tmp_path / "killed") == _lived(tmp_path / "whole")


def test_half_a_line_that_a_kill_left_is_lived_again(tmp_path: Path) -> None:
    command = (*PLAY, *FAST, "--json", "-o", "out")
    whole = _record(program.run(tmp_path, *command))
    before = _lived(tmp_path / "out")
    path = tmp_path / "out/reference/text.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    done = program.run(tmp_path, *command)
    assert _record(done) == whole
    assert "16 episodes, 15 of them there already" in done.stderr
    assert _lived(tmp_path / "out") == before


def test_what_the_provider_ended_is_not_counted_and_tried_again(tmp_path: Path) -> None:
    failed = _eval(tmp_path, *_scripted(tmp_path), "-o", "out", "--json")
    assert failed.returncode == 3
    assert json.loads(failed.stdout)["json"] == {
        "n": 0,
        "solved": 0,
        "first": 0,
        "failed": 1,
        "mean_turns": 0.0,
    }
    assert "1 episode ended by the provider" in failed.stderr
    assert "An episode was ended by the world:" in failed.stderr
    record = _record(_eval(tmp_path, *_scripted(tmp_path, "Answer: 4"), "-o", "out", "--json"))
    assert (record["json"]["n"], record["json"]["solved"], record["json"]["failed"]) == (1, 1, 0)


def test_several_models_are_told_apart(tmp_path: Path) -> None:
    command = (*_scripted(tmp_path, "Answer: 9"), "-m", "reference", "--json")
    done = _eval(tmp_path, *command)
    record = _record(done)
    (scripted,) = set(record) - {"reference"}
    assert (record[scripted]["json"]["solved"], record["reference"]["json"]["solved"]) == (0, 1)


def test_a_run_is_not_resumed_by_other_rules(tmp_path: Path) -> None:
    command = (*PLAY, "--format", "json", "--task", SALES, "-o", "out")
    assert program.run(tmp_path, *command).returncode == 0
    done = program.run(tmp_path, *command, "--grader", "paper")
    assert done.returncode == 2
    assert "out holds a run with grader 'fixed', and this one has 'paper'" in done.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--task", "nothing"), "There is no task 'nothing'"),
        (("--domain", "cooking"), "There is no domain 'cooking'. There are message_decoder"),
        (("--domain", "message_decoder", "--task", SALES), "No task is left"),
        (("--format", "morse"), "no format named 'morse'"),
        (("--format", ","), "--format is empty"),
        (("--edition", "upstream"), "--data-dir"),
        (("--grader", "kind"), "--grader"),
    ],
)
def test_what_cannot_be_honoured_is_refused_before_anything_runs(
    tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    done = program.run(tmp_path, *PLAY, *flags, "-o", "out")
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    command = _scripted(tmp_path, "Answer: 4")
    done = _eval(tmp_path, *command, "-m", command[2])
    assert done.returncode == 2
    assert "Two of the models are both called" in done.stderr


def _two_runs(home: Path) -> None:
    for folder, answer in (("a", "Answer: 4"), ("b", "Answer: 9")):
        command = (*_scripted(home, answer, name=f"{folder}.jsonl"), "-o", folder)
        assert _eval(home, *command).returncode == 0


def test_a_report_is_printed_and_written(tmp_path: Path) -> None:
    _two_runs(tmp_path)
    done = _eval(tmp_path, "report", "b", "--html", "b.html", "--markdown", "b.md")
    assert done.returncode == 0
    assert "wrong_answer" in done.stdout
    assert done.stderr == "Written: b.md\nWritten: b.html\n"
    assert (tmp_path / "b.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "b.md").read_text().startswith("# M3ToolEval: fixed grader")


def test_a_report_can_be_read_by_a_program(tmp_path: Path) -> None:
    _two_runs(tmp_path)
    (row,) = _record(_eval(tmp_path, "report", "b", "--json"))["rows"]
    assert (row["n"], row["solved"], row["kinds"]) == (1, 0, {"wrong_answer": 1})
    assert row["interval"]["low"] == 0.0


def test_a_report_judges_anew_by_another_grader(tmp_path: Path) -> None:
    task = "trade_calculator/fluctuating_conversion_rates_impact"
    model = program.script(tmp_path, "Answer: [36380, 48150, 68480]")
    flags = ("--format", "json", "--task", task, "--epochs", "1", "-o", "out")
    assert _eval(tmp_path, "m3tooleval", "-m", model, *flags).returncode == 0
    solved = [
        _record(_eval(tmp_path, "report", "out", "--json", "--grader", grader))["rows"][0]["solved"]
        for grader in ("fixed", "paper")
    ]
    assert solved == [1, 0]
    done = _eval(tmp_path, "report", "out")
    assert re.search(r"paper %  fixed %\n.*json +0\.0 +100\.0\n", done.stdout)


def test_two_runs_are_compared_task_by_task(tmp_path: Path) -> None:
    _two_runs(tmp_path)
    (found,) = _record(_eval(tmp_path, "compare", "a", "b", "--json"))["comparisons"]
    assert (found["paired"]["difference"], found["paired"]["only_first"]) == (1.0, [SALES])
    (file,) = (tmp_path / "b").glob("*/json.jsonl")
    done = _eval(tmp_path, "compare", "a", str(file))
    assert done.returncode == 0
    assert f"{SALES}  A " in done.stdout


def test_runs_that_share_nothing_are_not_compared(tmp_path: Path) -> None:
    _two_runs(tmp_path)
    command = (*PLAY, "--format", "json,text", "--domain", "message_decoder", "--limit", "1")
    assert program.run(tmp_path, *command, "-o", "c").returncode == 0
    done = _eval(tmp_path, "compare", "a", "c")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no task in common" in done.stderr


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = _eval(tmp_path, "report", "empty")
    assert done.returncode == 2
    assert "empty holds no rollouts" in done.stderr


def test_progress_moves_on_a_terminal(tmp_path: Path) -> None:
    command = (*PLAY, "--format", "json", "--task", SALES, "-o", "out")
    with program.Terminal(tmp_path, *command, columns=120) as terminal:
        text = terminal.wait("solved 100 % of 1", "Report: codeact eval report out")
        assert terminal.end() == 0
    assert "reference" in text


def test_ctrl_c_keeps_what_was_lived_and_says_how_to_go_on(tmp_path: Path) -> None:
    command = (*PLAY, *FAST, "--epochs", "200", "-o", "out")
    with program.Terminal(tmp_path, *command, columns=120) as terminal:
        terminal.wait("16/3200")
        terminal.send(program.CTRL_C)
        terminal.wait("Interrupted; every finished episode is kept.", "-o out goes on")
        assert terminal.end() == 130
    assert _lines(tmp_path / "out") >= 16


def test_help_names_the_three_commands(tmp_path: Path) -> None:
    done = _eval(tmp_path)
    assert all(
        f"codeact eval {name}" in done.stdout for name in ("m3tooleval", "report", "compare")
    )
    assert "codeact eval" in program.run(tmp_path, "--help").stdout
