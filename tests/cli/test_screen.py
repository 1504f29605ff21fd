"""One task at a terminal: what is drawn, what is asked, and Ctrl-C."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codeact.trajectory import read
from tests.cli.program import CTRL_C, CTRL_D, ENTER, Terminal, act, runs, script
from tests.loopback import Loopback, Reply, Status

QUESTION = "Run this? [y]es [n]o [a]lways [q]uit:"
ASK = ("--approve", "always")
ENDLESS = "print('begun', flush=True)\nwhile True:\n    pass"
DEAF = """\
import signal
print('begun', flush=True)
while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        print('again', flush=True)"""
COLOUR = re.compile(r"\x1b\[[\d;]*(?:3[0-7]|9[0-7]|4[0-7])[\d;]*m")


def test_code_output_and_answer_are_drawn_and_summed_up(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)", "I multiply."), "# Result\nIt is **42**.")
    with Terminal(tmp_path, "-y", "-m", model, "What is 6 times 7?") as terminal:
        assert terminal.end() == 0
        lines = [line for line in terminal.text.splitlines() if line]
    place = lines.index("I multiply.")
    assert lines[place + 1].startswith("── Python ───")
    assert lines[place + 2] == "print(6 * 7)"
    assert lines[place + 4] == "  42"
    assert "It is 42." in lines
    assert lines[-1].startswith("2 steps · ")
    assert f" · ~/DATA/codeact/runs/{runs(tmp_path)[0].name}" in lines[-1]


def test_the_screen_says_what_goes_on_and_for_how_long(tmp_path: Path) -> None:
    code = "import time\ntime.sleep(1.5)"
    with Terminal(tmp_path, "-y", "-m", script(tmp_path, act(code), "Done."), "Wait") as terminal:
        assert terminal.end() == 0
        assert re.search(r"running the code · 1\.\d s · Ctrl-C stops", terminal.raw)
        assert "running the code" not in terminal.text


def test_errors_show_their_last_lines_in_red(tmp_path: Path) -> None:
    failing = "def f(n):\n    f(n + 1) if n < 9 else 1 / 0\nf(0)"
    with Terminal(tmp_path, "-y", "-m", script(tmp_path, act(failing), "No."), "Fail") as terminal:
        assert terminal.end() == 0
        assert "earlier lines" in terminal.text
        assert re.search(r"\x1b\[1;31m\s*ZeroDivisionError: division by zero", terminal.raw)


def test_code_runs_after_a_yes(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)"), "42.")
    with Terminal(tmp_path, *ASK, "-m", model, "Go") as terminal:
        terminal.wait("print(6 * 7)", QUESTION)
        terminal.send("maybe" + ENTER)
        terminal.wait(QUESTION, times=2)
        terminal.send("y" + ENTER)
        assert terminal.end() == 0
        assert "  42" in terminal.text.splitlines()


def test_a_no_is_told_to_the_model_and_nothing_runs(tmp_path: Path) -> None:
    model = script(tmp_path, act("open('made', 'w')"), "Then not.")
    with Terminal(tmp_path, *ASK, "-m", model, "Go") as terminal:
        terminal.wait(QUESTION)
        terminal.send("n" + ENTER)
        assert terminal.end() == 0
        assert "Then not." in terminal.text
    (folder,) = runs(tmp_path)
    (trajectory,) = read(folder / "trajectories.jsonl")
    assert trajectory.steps[0].observation.error == "Refused"
    assert "declined to run it" in trajectory.shown(1)[-1].content
    assert not (folder / "workspace" / "made").exists()


def test_always_asks_no_second_time(tmp_path: Path) -> None:
    model = script(tmp_path, act("print('one')"), act("print('two')"), "Done.")
    with Terminal(tmp_path, *ASK, "-m", model, "Go") as terminal:
        terminal.wait(QUESTION)
        terminal.send("a" + ENTER)
        assert terminal.end() == 0
        assert terminal.text.count(QUESTION) == 1


@pytest.mark.parametrize("key", ["q" + ENTER, CTRL_C, CTRL_D])
def test_at_the_question_quit_ctrl_c_and_the_end_of_input_stop(tmp_path: Path, key: str) -> None:
    model = script(tmp_path, act("open('made', 'w')"), "Never said.")
    with Terminal(tmp_path, *ASK, "-m", model, "Go") as terminal:
        terminal.wait(QUESTION)
        terminal.send(key)
        assert terminal.end() == 130
        assert "interrupted" in terminal.text
    assert not (runs(tmp_path)[0] / "workspace" / "made").exists()


def test_ctrl_c_stops_the_cell_and_ends_the_run_in_order(tmp_path: Path) -> None:
    code = f"open('kept.txt', 'w').write('x')\n{ENDLESS}"
    with Terminal(tmp_path, "-y", "-m", script(tmp_path, act(code), "Never."), "Go") as terminal:
        terminal.wait("begun\n")
        terminal.send(CTRL_C)
        assert terminal.end() == 130
        assert "interrupted · 1 step · " in terminal.text
        assert "kept.txt" in terminal.text
        assert "/cli/" not in terminal.text
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert trajectory.steps[0].observation.error == "Interrupted"


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    with Terminal(tmp_path, "-y", "-m", script(tmp_path, act(DEAF), "Never."), "Go") as terminal:
        terminal.wait("begun\n")
        terminal.send(CTRL_C)
        terminal.wait("again\n")
        terminal.send(CTRL_C)
        assert terminal.end() == 130
        assert "interrupted" in terminal.text
        assert "Traceback" not in terminal.text


def test_nothing_that_was_typed_ahead_is_a_consent(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(1)"), "Done.")
    with Terminal(tmp_path, *ASK, "-m", model, "Go") as terminal:
        terminal.send("y" + ENTER)
        terminal.wait(QUESTION)
        terminal.send("n" + ENTER)
        assert terminal.end() == 0
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert trajectory.steps[0].observation.error == "Refused"


def test_escape_sequences_do_not_reach_the_terminal(tmp_path: Path) -> None:
    code = "print('\\x1b]0;owned\\x07\\x1b[8mhidden')"
    model = script(tmp_path, act(code, "\x1b]0;mine\x07Look"), "\x1b]52;c;eA==\x07Done.")
    with Terminal(tmp_path, "-y", "-m", model, "Attack") as terminal:
        assert terminal.end() == 0
        assert "  hidden" in terminal.text
        assert not re.search(r"\x1b\]|\x07|\x1b\[8m", terminal.raw)


def test_no_color_leaves_out_colours(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)"), "42")
    with Terminal(tmp_path, "-y", "-m", model, "Go", env={"NO_COLOR": "1"}) as terminal:
        assert terminal.end() == 0
        assert not COLOUR.search(terminal.raw)
        assert "print(6 * 7)" in terminal.text


def test_there_are_colours_without_no_color(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)"), "42")
    with Terminal(tmp_path, "-y", "-m", model, "Go") as terminal:
        terminal.end()
        assert COLOUR.search(terminal.raw)


def test_a_dumb_terminal_gets_plain_text(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)"), "It is **42**.")
    with Terminal(tmp_path, "-y", "-m", model, "Go", env={"TERM": "dumb"}) as terminal:
        assert terminal.end() == 0
        assert "\x1b" not in terminal.raw
        assert "--- code\nprint(6 * 7)\n--- output\n  42\nIt is **42**.\n" in terminal.text


def test_a_narrow_terminal_loses_nothing(tmp_path: Path) -> None:
    code = f"numbers = [{', '.join(str(n) for n in range(30))}]\nprint(sum(numbers), 'x' * 60)"
    model = script(tmp_path, act(code), "The sum is 435, " + "as computed " * 6)
    with Terminal(tmp_path, "-y", "-m", model, "Add", columns=40, rows=20) as terminal:
        assert terminal.end() == 0
        text = terminal.text
    assert all(f"{number}" in text for number in range(30))
    assert re.sub(r"\n *", "", text).count("x" * 60) == 1
    assert text.count("computed") == 6


def test_without_streaming_only_whole_replies_are_drawn(tmp_path: Path) -> None:
    code = "print('begun', flush=True)\nimport time\ntime.sleep(0.5)\nprint('over')"
    model = script(tmp_path, act(code), "Done.")
    with Terminal(tmp_path, "-y", "--no-stream", "-m", model, "Go") as terminal:
        assert terminal.end() == 0
        assert terminal.raw.count("begun") == 2  # in the code, and once under it


def test_a_model_that_answers_slowly_is_interrupted_while_it_writes(tmp_path: Path) -> None:
    with (
        Loopback([Reply("word " * 500, pause=0.05)]) as server,
        Terminal(tmp_path, "-y", "-m", "m", "--base-url", server.base_url, "Talk") as terminal,
    ):
        terminal.wait("word word", "writing")
        terminal.send(CTRL_C)
        assert terminal.end() == 130
        assert "interrupted · 1 step" in terminal.text
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert trajectory.steps[0].reply.content.startswith("word word")


def test_retries_are_told_at_once(tmp_path: Path) -> None:
    with (
        Loopback([Status(429, headers={"Retry-After": "0"}), Reply("Hi.")]) as server,
        Terminal(tmp_path, "-y", "-m", "m", "--base-url", server.base_url, "Hi") as terminal,
    ):
        assert terminal.end() == 0
        assert "Trying again in" in terminal.text


def test_no_model_is_a_message_and_no_traceback(tmp_path: Path) -> None:
    with Terminal(tmp_path, "-y", "-m", "nowhere/nothing", "Hi") as terminal:
        assert terminal.end() == 2
        assert "Error: " in terminal.text
        assert "Traceback" not in terminal.text


def test_json_asks_nobody_even_at_a_terminal(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(1)"))
    with Terminal(tmp_path, "--json", *ASK, "-m", model, "Go") as terminal:
        assert terminal.end() == 2
        assert "Add -y" in terminal.text


def test_thinking_apart_is_shown_only_while_it_lasts(tmp_path: Path) -> None:
    with (
        Loopback([Reply("Hi.", reasoning="I ponder. " * 9, pause=0.5)]) as server,
        Terminal(tmp_path, "-y", "-m", "m", "--base-url", server.base_url, "Hi") as terminal,
    ):
        assert terminal.end() == 0
        assert "I ponder. I ponder." in terminal.raw
        assert "ponder" not in terminal.text
