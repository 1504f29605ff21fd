"""The recorded model of the first look: honest about what it is, and true in what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeact.cli.demo import TASKS
from tests.cli.program import ENTER, Terminal, run


@pytest.mark.parametrize("task", TASKS)
def test_every_recorded_task_runs_to_its_answer(tmp_path: Path, task: str) -> None:
    done = run(tmp_path, "-y", "-m", "demo", task)
    assert done.returncode == 0
    assert done.stdout
    assert done.stderr.startswith("[demo: a recorded model, not a live one]\n")


def test_the_primes_are_really_added_up(tmp_path: Path) -> None:
    primes = [n for n in range(2, 542) if all(n % divisor for divisor in range(2, n))]
    assert len(primes) == 100
    assert f"**{sum(primes)}**" in run(tmp_path, "-y", "-m", "demo", TASKS[0]).stdout


def test_an_unknown_task_is_refused_before_anything_runs(tmp_path: Path) -> None:
    done = run(tmp_path, "-y", "-m", "demo", "What is the meaning of life?")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is only a recording and knows these tasks" in done.stderr


def test_another_format_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "-y", "-m", "demo", "--format", "json", TASKS[0])
    assert done.returncode == 2
    assert "recorded with --format code" in done.stderr


def test_the_recording_claims_no_result_that_it_does_not_see(tmp_path: Path) -> None:
    with Terminal(tmp_path, "--approve", "always", "-m", "demo", TASKS[0]) as terminal:
        terminal.wait("[q]uit:")
        terminal.send("n" + ENTER)
        assert terminal.end() == 3
        assert "The recording cannot go on" in terminal.text


def test_in_the_chat_it_says_what_it_knows(tmp_path: Path) -> None:
    done = run(tmp_path, "chat", "-y", "-m", "demo", piped=f"Hello\n{TASKS[0]}\n")
    assert done.returncode == 0
    assert "only a recording" in done.stdout
    assert "**24133**" in done.stdout
