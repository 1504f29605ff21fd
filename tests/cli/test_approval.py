"""What the terminal asks before: code, calls of tools, and what it does where nobody is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeact.trajectory import read
from tests.cli.program import CTRL_C, ENTER, SHOP, Terminal, act, run, runs, script

RUN = "Run this? [y]es [n]o [a]lways [q]uit:"
CALL = "Call it? [y]es [n]o [a]lways [q]uit:"
TOOL = ("-T", "shop:price")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def test_behind_walls_code_runs_without_being_asked_for(tmp_path: Path) -> None:
    with Terminal(tmp_path, "-m", script(tmp_path, act("print(6 * 7)"), "42."), "Go") as terminal:
        assert terminal.end() == 0
        assert "  42" in terminal.text.splitlines()
        assert "[y]es" not in terminal.text


def test_behind_walls_code_runs_where_nobody_can_be_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", script(tmp_path, act("print(6 * 7)"), "42."), "Go")
    assert (done.returncode, done.stdout.strip()) == (0, "42.")


@pytest.mark.parametrize(
    "flags", [("--sandbox", "off"), ("--network", "full"), ("--workspace", "mine")]
)
def test_code_is_asked_for_where_it_could_do_harm(tmp_path: Path, flags: tuple[str, str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    model = script(tmp_path, act("print(6 * 7)"), "42.")
    with Terminal(tmp_path, *flags, "-m", model, "Go") as terminal:
        terminal.wait(RUN)
        terminal.send("y" + ENTER)
        assert terminal.end() == 0
        assert "  42" in terminal.text.splitlines()


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--sandbox", "off"), "the sandbox is off (--sandbox off)"),
        (("--network", "full"), "it could send what it reads (--network full)"),
        (("--workspace", "mine"), "files that are in mine already (--workspace)"),
        (("--approve", "always"), "--approve always says so"),
    ],
)
def test_where_nobody_can_be_asked_it_says_why_and_what_to_do(
    tmp_path: Path, flags: tuple[str, str], why: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    done = run(tmp_path, *flags, "-m", script(tmp_path, "Hi."), "Go")
    assert done.returncode == 2
    assert why in done.stderr
    assert "Add -y (--yes)" in done.stderr


def test_a_fresh_folder_holds_nothing_to_ask_for(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)"), "42.")
    assert run(tmp_path, "--workspace", "new", "-m", model, "Go").returncode == 0


def test_tools_need_consent_where_nobody_can_be_asked(shop: Path) -> None:
    done = run(shop, *TOOL, "-m", script(shop, "Hi."), "Go")
    assert done.returncode == 2
    assert "The tools price run outside of the sandbox" in done.stderr


def test_a_call_is_shown_with_its_values_and_made_after_a_yes(shop: Path) -> None:
    model = script(shop, act("what = 'green ' + 'tea'\nprint(price(what) + 1)"), "Ok.")
    with Terminal(shop, *TOOL, "-m", model, "Go") as terminal:
        terminal.wait("── approve ──", "price(item='green tea')", CALL)
        terminal.send("y" + ENTER)
        assert terminal.end() == 0
        assert "  251" in terminal.text.splitlines()


def test_what_follows_a_no_is_told_to_the_model(shop: Path) -> None:
    model = script(shop, act("price('tea')"), "Then not.")
    with Terminal(shop, *TOOL, "-m", model, "Go") as terminal:
        terminal.wait(CALL)
        terminal.send("no, ask for coffee" + ENTER)
        assert terminal.end() == 0
    (trajectory,) = read(runs(shop)[0] / "trajectories.jsonl")
    step = trajectory.steps[0]
    assert step.observation.error == "PermissionError"
    assert "The user says: ask for coffee." in step.observation.text
    assert [(each.given, each.call) for each in step.decisions] == [(False, "price(item='tea')")]


def test_always_holds_for_that_tool_in_later_turns(shop: Path) -> None:
    model = script(shop, act("price('a')"), "One.", act("price('b')"), "Two.")
    with Terminal(shop, "chat", *TOOL, "-m", model) as terminal:
        terminal.say("Go", CALL)
        terminal.send("a" + ENTER)
        terminal.wait("One.")
        terminal.say("Again", "Two.")
        assert terminal.text.count(CALL) == 1


@pytest.mark.parametrize("key", ["q" + ENTER, CTRL_C])
def test_a_stop_at_a_call_ends_the_turn_and_keeps_the_variables(shop: Path, key: str) -> None:
    model = script(shop, act("kept = 7\nprice('a')\nkept = 8"), act("print(kept)"), "Back.")
    with Terminal(shop, "chat", *TOOL, "-m", model) as terminal:
        terminal.say("Go", CALL)
        terminal.send(key)
        terminal.wait("interrupted · 1 step")
        terminal.say("And now?", "Back.")
        assert "  7" in terminal.text.splitlines()


def test_output_of_other_threads_does_not_disturb_the_question(shop: Path) -> None:
    code = (
        "import threading, time\n"
        "def chat():\n"
        "    for n in range(20):\n"
        "        print('tick', n, flush=True); time.sleep(0.05)\n"
        "thread = threading.Thread(target=chat); thread.start()\n"
        "price('tea'); thread.join(); print('over')"
    )
    with Terminal(shop, *TOOL, "-m", script(shop, act(code), "Ok."), "Go") as terminal:
        terminal.wait(CALL)
        seen = terminal.raw.count("tick")
        terminal.drain(1.0)
        assert terminal.raw.count("tick") == seen
        terminal.send("y" + ENTER)
        assert terminal.end() == 0
        assert "Ok." in terminal.text


def test_a_value_cannot_command_the_terminal_that_shows_it(shop: Path) -> None:
    model = script(shop, act("price('\\x1b]0;owned\\x07\\x1b[8m')"), "Ok.")
    with Terminal(shop, *TOOL, "-m", model, "Go") as terminal:
        terminal.wait(CALL, "price(item='\\x1b]0;owned\\x07\\x1b[8m')")
        assert "\x1b]0" not in terminal.raw
        assert "\x1b[8m" not in terminal.raw


def test_a_call_in_json_is_asked_for_too(shop: Path) -> None:
    model = script(shop, '{"tool": "price", "args": ["tea"]}', "It is 250.")
    with Terminal(shop, *TOOL, "--format", "json", "-m", model, "Go") as terminal:
        terminal.wait("price(item='tea')", CALL)
        terminal.send("y" + ENTER)
        assert terminal.end() == 0
        assert "  250" in terminal.text.splitlines()


def test_yes_to_all_asks_for_nothing(shop: Path) -> None:
    model = script(shop, act("print(price('tea'))"), "Ok.")
    done = run(shop, "-y", *TOOL, "--sandbox", "off", "-m", model, "Go")
    assert (done.returncode, done.stdout.strip()) == (0, "Ok.")


def test_plain_lines_show_the_call_before_the_question(shop: Path) -> None:
    model = script(shop, act("print(price('tea'))"), "Ok.")
    with Terminal(shop, *TOOL, "-m", model, "Go", env={"TERM": "dumb"}) as terminal:
        terminal.wait("--- approve price(item='tea')", CALL)
        terminal.send("y" + ENTER)
        assert terminal.end() == 0


def test_the_chat_shows_and_changes_what_is_asked_for(shop: Path) -> None:
    model = script(shop, act("print(6 * 7)"), "Done.")
    with Terminal(shop, "chat", "-m", model) as terminal:
        terminal.say("/approve", "auto: each call of a tool is asked for")
        terminal.say("/approve maybe", "There is no mode 'maybe'")
        terminal.say("/approve always", "always: each piece of code and each call")
        terminal.say("Go", RUN)
        terminal.send("y" + ENTER)
        terminal.wait("Done.")


def test_the_users_own_code_calls_tools_without_asking(shop: Path) -> None:
    with Terminal(shop, "chat", *TOOL, "-m", script(shop, "Hi.")) as terminal:
        terminal.say("!print(price('tea') + 1)", "251")
        assert "[y]es" not in terminal.text
