"""The chat at a terminal and through a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeact.trajectory import read
from tests.cli.program import CTRL_C, CTRL_D, ENTER, ESCAPE, SHOP, Terminal, act, run, runs, script


def chat(home: Path, *replies: str, **options: int) -> Terminal:
    model = script(home, *replies)
    return Terminal(home, "chat", "-y", "-m", model, **options)  # type: ignore[arg-type]


def test_turns_share_messages_and_variables(tmp_path: Path) -> None:
    replies = (act("x = 20"), "Kept.", act("print(x + 1)"), "It is 21.", act("print(x + 2)"), "22!")
    with chat(tmp_path, *replies) as terminal:
        terminal.say("Keep 20", "Kept.")
        terminal.say("Add 1", "It is 21.")
        terminal.say("Add 2", "22!")
        terminal.say("/exit")
        assert terminal.end() == 0
        assert "  22" in terminal.text.splitlines()
    *_, last = read(runs(tmp_path)[0] / "trajectories.jsonl")
    said = [message.content for message in last.prompt if message.role == "user"]
    assert "Keep 20" in said
    assert said[-1] == "Add 2"


def test_no_arguments_at_a_terminal_open_the_chat(tmp_path: Path) -> None:
    env = {"CODEACT_MODEL": script(tmp_path, "Hi."), "CODEACT_YES": "1"}
    with Terminal(tmp_path, env=env) as terminal:
        terminal.wait("/help lists the commands")
        terminal.say("Hello", "Hi.")
        terminal.prompt()
        terminal.send(CTRL_D)
        assert terminal.end() == 0


def test_the_users_own_code_shares_variables_and_asks_nobody(tmp_path: Path) -> None:
    with Terminal(tmp_path, "chat", "-m", script(tmp_path, "Hi.")) as terminal:
        terminal.say("/run number = 41", "> /run")
        terminal.say("!print(number + 1)", "\n  42\n")
        terminal.say("/vars", "number: int = 41")


def test_undo_forgets_a_turn_and_keeps_variables(tmp_path: Path) -> None:
    with chat(tmp_path, act("x = 5"), "Kept.", "What?") as terminal:
        terminal.say("Keep it", "Kept.")
        terminal.say("/undo", "Variables and files stay")
        terminal.say("/vars", "x: int = 5")
        terminal.say("/undo", "no message to go back to")
        terminal.say("Hello", "What?")
    *_, last = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert [message.content for message in last.prompt[1:]] == ["Hello"]


def test_retry_asks_the_last_message_again(tmp_path: Path) -> None:
    with chat(tmp_path, "First.", "Second.") as terminal:
        terminal.say("/retry", "no message to go back to")
        terminal.say("Hello", "First.")
        terminal.say("/retry", "Second.")
    *_, last = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert [message.content for message in last.prompt[1:]] == ["Hello"]


def test_edit_brings_the_last_message_back(tmp_path: Path) -> None:
    with chat(tmp_path, "First.", "Second.") as terminal:
        terminal.say("/edit", "no message to go back to")
        terminal.say("Hello", "First.")
        terminal.say("/edit", "> Hello", times=2)
        terminal.send(" you" + ENTER)
        terminal.wait("Second.")
    *_, last = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert [message.content for message in last.prompt[1:]] == ["Hello you"]


def test_reset_forgets_the_conversation(tmp_path: Path) -> None:
    with chat(tmp_path, "First.", "Second.") as terminal:
        terminal.say("Hello", "First.")
        terminal.say("/reset", "The conversation is forgotten")
        terminal.say("Again", "Second.")
    *_, last = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert [message.content for message in last.prompt[1:]] == ["Again"]


def test_save_writes_a_transcript_but_over_nothing(tmp_path: Path) -> None:
    with chat(tmp_path, act("print('```')", "I print."), "Done.") as terminal:
        terminal.say("Print a fence", "Done.")
        terminal.say("/save talk.md", "Saved to")
        terminal.say("/save talk.md", "exists already")
        terminal.say("/save no/where.md", "cannot be written")
        terminal.say("/save", "conversation.md")
    text = (tmp_path / "talk.md").read_text()
    assert "## User\n\nPrint a fence\n\n## Agent\n\nI print.\n\n````python\nprint('```')" in text
    assert "````text\n```\n````\n\nDone.\n" in text
    assert (runs(tmp_path)[0] / "conversation.md").read_text() == text


def test_the_commands_that_tell_tell(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "data.csv").write_text("a\n")
    model = script(tmp_path, "Hi.")
    given = ("-T", "shop:price", "-f", "data.csv", "-s", "Speak French.")
    with Terminal(tmp_path, "chat", "-y", "-m", model, *given, rows=60) as terminal:
        terminal.say("/help", "/undo")
        terminal.say("/tools", "price(item: str) -> int")
        terminal.say("/files", "data.csv  2 bytes")
        terminal.say("/vars", "no variables yet")
        terminal.say("/system", "Speak French.")
        terminal.say("/usage", "0 tokens: 0 in")
        terminal.say("/modle", "Did you mean /model?")


def test_model_goes_on_with_another(tmp_path: Path) -> None:
    other = script(tmp_path, "I am new.", name="other.jsonl")
    with chat(tmp_path, "I am old.", columns=300) as terminal:
        terminal.say("Hello", "I am old.")
        terminal.say("/model nowhere/nothing", "no OPENAI_API_KEY")
        terminal.say(f"/model {other}", "other.jsonl: it replays")
        terminal.say("Hello?", "I am new.")
    *_, last = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert "I am old." in [message.content for message in last.prompt]


def test_alt_enter_begins_a_new_line(tmp_path: Path) -> None:
    with chat(tmp_path, "Two lines.") as terminal:
        terminal.prompt()
        terminal.send(f"one{ESCAPE}{ENTER}two{ENTER}")
        terminal.wait("Two lines.")
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert trajectory.prompt[-1].content == "one\ntwo"


def test_history_lasts_from_chat_to_chat(tmp_path: Path) -> None:
    with chat(tmp_path, "One.") as terminal:
        terminal.say("A memorable message", "One.")
        terminal.say("/exit")
        assert terminal.end() == 0
    with chat(tmp_path, "Two.") as terminal:
        terminal.prompt()
        terminal.send(f"{ESCAPE}[A{ESCAPE}[A")
        terminal.wait("> A memorable message")
    history = tmp_path / "STATE" / "codeact" / "history"
    assert history.stat().st_mode & 0o077 == 0


def test_commands_are_completed_while_typed(tmp_path: Path) -> None:
    with chat(tmp_path, "Hi.") as terminal:
        terminal.prompt()
        terminal.send("/und")
        terminal.wait("/undo", "forget the last message")


def test_ctrl_c_stops_the_turn_and_keeps_everything(tmp_path: Path) -> None:
    endless = "x = 7\nprint('begun', flush=True)\nwhile True:\n    pass"
    with chat(tmp_path, act(endless), act("print(x + 1)"), "Still here.") as terminal:
        terminal.say("Go", "begun\n")
        terminal.send(CTRL_C)
        terminal.wait("interrupted · ")
        terminal.say("And x?", "Still here.")
        assert "  8" in terminal.text.splitlines()


def test_ctrl_c_at_the_prompt_clears_it_and_a_second_one_leaves(tmp_path: Path) -> None:
    with chat(tmp_path, "Hi.") as terminal:
        terminal.prompt()
        terminal.send("half a thought" + CTRL_C)
        terminal.wait("Press Ctrl-C once more")
        terminal.prompt()
        terminal.send(CTRL_C)
        assert terminal.end() == 130


def test_ctrl_c_twice_within_a_turn_leaves(tmp_path: Path) -> None:
    deaf = "while True:\n    try:\n        print('begun', flush=True)\n        while True: pass\n"
    deaf += "    except KeyboardInterrupt:\n        print('again', flush=True)"
    with chat(tmp_path, act(deaf)) as terminal:
        terminal.say("Go", "begun\n")
        terminal.send(CTRL_C)
        terminal.wait("again\n")
        terminal.send(CTRL_C)
        assert terminal.end() == 130
        assert "Traceback" not in terminal.text


def test_ctrl_c_stops_the_users_own_code(tmp_path: Path) -> None:
    with chat(tmp_path, "Hi.") as terminal:
        terminal.say("!print('begun', flush=True); [0 for _ in iter(int, 1)]", "begun\n")
        terminal.send(CTRL_C)
        terminal.wait("KeyboardInterrupt")
        terminal.say("!print(6 * 7)", "\n  42\n")


def test_a_failing_model_ends_the_turn_and_not_the_chat(tmp_path: Path) -> None:
    with chat(tmp_path, "Only one.", columns=300) as terminal:
        terminal.say("Hello", "Only one.")
        terminal.say("Again", "no more replies")
        terminal.say("/exit")
        assert terminal.end() == 0


def test_given_files_are_named_with_the_first_message(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n")
    model = script(tmp_path, "One.", "Two.", "Three.")
    with Terminal(tmp_path, "chat", "-y", "-m", model, "-f", "data.csv") as terminal:
        terminal.say("Hello", "One.")
        terminal.say("More", "Two.")
        terminal.say("/reset", "forgotten")
        terminal.say("Anew", "Three.")
    *_, second, third = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert [each.content for each in second.prompt if "data.csv" in each.content] == [
        "Hello\n\n[Files in the working folder: data.csv]"
    ]
    assert third.prompt[-1].content == "Anew\n\n[Files in the working folder: data.csv]"


def test_a_path_at_the_beginning_is_no_command(tmp_path: Path) -> None:
    with chat(tmp_path, "A file.") as terminal:
        terminal.say("/etc/hosts is what?", "A file.")


def test_a_dumb_terminal_can_chat(tmp_path: Path) -> None:
    env = {"TERM": "dumb"}
    model = script(tmp_path, "Hi.")
    with Terminal(tmp_path, "chat", "-y", "-m", model, env=env) as terminal:
        terminal.say("Hello", "Hi.")
        terminal.say("/exit")
        assert terminal.end() == 0
        assert "\x1b" not in terminal.raw


def test_lines_of_a_pipe_are_messages(tmp_path: Path) -> None:
    model = script(tmp_path, act("x = 2"), "Kept.", "Bye.")
    done = run(tmp_path, "chat", "-y", "-m", model, piped="Keep 2\n\n!print(x)\nBye\n")
    assert (done.returncode, done.stdout) == (0, "Kept.\nBye.\n")
    assert "  2\n" in done.stderr


@pytest.mark.parametrize("arguments", [["--approve", "always"], ["-y", "--format", "yaml"]])
def test_a_chat_that_cannot_begin_exits_with_2(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, "chat", "-m", script(tmp_path, "Hi."), *arguments, piped="Hello\n")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
