"""One task from the command line, with pipes: what is printed where, and the exit code."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from codeact.trajectory import read
from tests.cli.program import PROGRAM, SHOP, act, environment, events, run, runs, script
from tests.loopback import Loopback, Reply, Status

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def test_the_answer_stands_alone_on_stdout(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)", "I multiply."), "It is **42**.")
    done = run(tmp_path, "-y", "-m", model, "What is 6 times 7?")
    assert (done.returncode, done.stdout) == (0, "It is **42**.\n")


def test_progress_goes_to_stderr_as_plain_text(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)", "I multiply."), "42")
    progress = run(tmp_path, "-y", "-m", model, "What is 6 times 7?").stderr
    wanted = "I multiply.\n--- code\nprint(6 * 7)\n--- output\n  42\n[2 steps · "
    assert wanted in progress
    assert "\x1b" not in progress


def test_a_run_leaves_its_record_in_a_folder_of_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", script(tmp_path, "Hi."), "-y", "Greet me")
    (folder,) = runs(tmp_path)
    assert str(folder) in done.stderr
    (trajectory,) = read(folder / "trajectories.jsonl")
    assert trajectory.answer == "Hi."
    assert json.loads((folder / "config.json").read_text())["max_steps"] == 20
    assert (folder / "steps.jsonl").exists()
    assert (folder / "workspace").is_dir()


def test_keys_of_the_environment_are_not_recorded(tmp_path: Path) -> None:
    model = script(tmp_path, "Your key is sk-123456789.")
    run(tmp_path, "-m", model, "-y", "Leak", env={"SOME_API_KEY": "sk-123456789"})
    (folder,) = runs(tmp_path)
    assert "sk-123456789" not in "".join(path.read_text() for path in folder.glob("*.json*"))


def test_paths_of_new_files_are_shown(tmp_path: Path) -> None:
    model = script(tmp_path, act("open('out.txt', 'w').write('x')"), "Done.")
    done = run(tmp_path, "-y", "-m", model, "Write a file")
    assert f"File: {runs(tmp_path)[0] / 'workspace' / 'out.txt'}" in done.stderr


def test_a_named_workspace_is_where_the_code_works(tmp_path: Path) -> None:
    model = script(tmp_path, act("open('out.txt', 'w').write('x')"), "Done.")
    run(tmp_path, "-y", "-m", model, "--workspace", "here", "Write a file")
    assert (tmp_path / "here" / "out.txt").read_text() == "x"


def test_piped_text_alone_is_the_task(tmp_path: Path) -> None:
    run(tmp_path, "-y", "-m", script(tmp_path, "Hi."), piped="Greet me\n")
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert trajectory.prompt[-1].content == "Greet me"


def test_piped_text_is_added_to_a_task(tmp_path: Path) -> None:
    run(tmp_path, "-y", "-m", script(tmp_path, "Two."), "Count the lines", piped="a\nb\n")
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    content = trajectory.prompt[-1].content
    assert content == "Count the lines\n\nThe text below was piped in:\n<<<\na\nb\n>>>"


def test_much_piped_text_becomes_a_file(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(len(open('piped.txt').read()))"), "Done.")
    done = run(tmp_path, "-y", "-m", model, "Count", piped="x" * 30_000)
    assert "  30000\n" in done.stderr


def test_no_task_and_an_empty_pipe_is_wrong_usage(tmp_path: Path) -> None:
    done = run(tmp_path, "-y", "-m", script(tmp_path, "Hi."))
    assert done.returncode == 2
    assert "There is no task" in done.stderr


def test_words_without_quotes_are_one_task(tmp_path: Path) -> None:
    run(tmp_path, "say", "hi", "-y", "-m", script(tmp_path, "Hi."))
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    assert trajectory.prompt[-1].content == "say hi"


def test_a_commands_name_is_a_task_after_two_dashes(tmp_path: Path) -> None:
    env = {"CODEACT_MODEL": script(tmp_path, "Hi."), "CODEACT_YES": "1"}
    done = run(tmp_path, "--", "doctor", env=env)
    assert done.stdout == "Hi.\n"


def test_given_files_are_copied_and_named_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    model = script(tmp_path, act("print(open('data.csv').read())"), "Done.")
    done = run(tmp_path, "-y", "-m", model, "-f", "data.csv", "Read it")
    assert "  1,2\n" in done.stderr
    (trajectory,) = read(runs(tmp_path)[0] / "trajectories.jsonl")
    asked = trajectory.prompt[-1].content
    assert asked == "Read it\n\n[Files in the working folder: data.csv]"


def test_a_given_picture_is_shown_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(base64.b64decode(PIXEL))
    with Loopback([Reply("A dot.")]) as server:
        done = run(
            tmp_path, "-y", "-m", "m", "--base-url", server.base_url, "-f", "dot.png", "What is it?"
        )
        assert done.stdout == "A dot.\n"
        asked = server.posts[-1].messages[-1]["content"]
    assert asked[-1]["image_url"]["url"] == f"data:image/png;base64,{PIXEL}"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (["missing.csv"], "does not exist"),
        (["folder"], "is a folder"),
        (["a.txt", "folder/a.txt"], "has the same name"),
    ],
)
def test_files_that_cannot_be_given_are_wrong_usage(
    tmp_path: Path, files: list[str], complaint: str
) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "a.txt", tmp_path / "folder" / "a.txt"):
        path.write_text("x")
    flags = [part for file in files for part in ("-f", file)]
    done = run(tmp_path, "-y", "-m", script(tmp_path, "Hi."), *flags, "Read")
    assert done.returncode == 2
    assert complaint in done.stderr


def test_a_given_file_never_overwrites_one_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.txt").write_text("mine")
    (tmp_path / "a.txt").write_text("other")
    model = script(tmp_path, "Hi.")
    done = run(tmp_path, "-y", "-m", model, "-f", "a.txt", "--workspace", "here", "Read")
    assert done.returncode == 2
    assert (tmp_path / "here" / "a.txt").read_text() == "mine"


def test_a_tool_of_the_current_folder_is_called(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    model = script(tmp_path, act("print(price('tea') * 2)"), "500")
    done = run(tmp_path, "-y", "-m", model, "-T", "shop:price", "What do two teas cost?")
    assert "  500\n" in done.stderr


def test_a_module_alone_gives_its_documented_functions(tmp_path: Path) -> None:
    source = 'from json import dumps\ndef a():\n    "A."\ndef b():\n    pass\ndef _c():\n    "C."\n'
    (tmp_path / "shop.py").write_text(source)
    run(tmp_path, "-y", "-m", script(tmp_path, "Hi."), "-T", "shop", "Hi")
    assert json.loads((runs(tmp_path)[0] / "config.json").read_text())["tools"] == ["a"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nowhere:f", "No module named 'nowhere'"),
        ("shop:prize", "shop has no 'prize'. Its functions: price."),
        ("shop:LIMIT", "that is a int, not a function"),
        ("shop", "no public functions with a docstring"),
        ("broken", "ZeroDivisionError"),
    ],
)
def test_tools_that_cannot_be_loaded_are_wrong_usage(
    tmp_path: Path, name: str, complaint: str
) -> None:
    (tmp_path / "shop.py").write_text("LIMIT = 3\ndef price(item: str) -> int:\n    return 250\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    done = run(tmp_path, "-y", "-m", script(tmp_path, "Hi."), "-T", name, "Hi")
    assert done.returncode == 2
    assert complaint in done.stderr


def test_without_a_terminal_and_consent_nothing_is_begun(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(1)"))
    done = run(tmp_path, "--approve", "always", "-m", model, "Print")
    assert done.returncode == 2
    assert "Add -y (--yes)" in done.stderr
    assert not (tmp_path / "DATA").exists()


def test_formats_that_run_no_code_need_no_consent(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", script(tmp_path, "Hi."), "--format", "json", "Greet me")
    assert (done.returncode, done.stdout) == (0, "Hi.\n")


def test_a_run_without_an_answer_exits_with_1(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(1)"), act("print(2)"))
    done = run(tmp_path, "-y", "-m", model, "--max-steps", "1", "Count")
    assert (done.returncode, done.stdout) == (1, "")
    assert "stopped at the step limit (--max-steps)" in done.stderr


def test_a_spent_budget_exits_with_1(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(1)"), "Never said.")
    done = run(tmp_path, "-y", "-m", model, "--budget", "10", "--budget", "5m", "Count")
    assert done.returncode == 1
    assert "the token budget is used up" in done.stderr


def test_a_model_that_fails_exits_with_3(tmp_path: Path) -> None:
    with Loopback([Status(401, "Wrong key.")]) as server:
        done = run(tmp_path, "-y", "-m", "m", "--base-url", server.base_url, "Hi")
    assert done.returncode == 3
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("flag", "value", "complaint"),
    [
        ("--format", "yaml", "'yaml'"),
        ("--budget", "much", "'much' is no budget"),
        ("--max-steps", "0", "--max-steps"),
        ("-m", "scripted:nowhere", "nowhere cannot be read"),
    ],
)
def test_flags_that_make_no_sense_exit_with_2(
    tmp_path: Path, flag: str, value: str, complaint: str
) -> None:
    done = run(tmp_path, "-y", "-m", script(tmp_path, "Hi."), flag, value, "Hi")
    assert done.returncode == 2
    assert complaint in done.stderr


def test_a_flag_wins_over_the_environment(tmp_path: Path) -> None:
    model = script(tmp_path, "Hi.")
    env = {"CODEACT_MAX_STEPS": "7", "CODEACT_FORMAT": "json"}
    run(tmp_path, "-m", model, "-y", "--max-steps", "3", "Hi", env=env)
    config = json.loads((runs(tmp_path)[0] / "config.json").read_text())
    assert (config["max_steps"], config["format"]) == (3, "json")


def test_a_reader_who_goes_away_is_no_crash(tmp_path: Path) -> None:
    model = script(tmp_path, "Hi.")
    with subprocess.Popen(
        [*PROGRAM, "-y", "--json", "-m", model, "Hi"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(timeout=10) == 3


def test_escape_sequences_of_model_and_code_never_get_out(tmp_path: Path) -> None:
    code = "print('\\x1b]0;owned\\x07\\x1b[31mred\\x9b5m \\u202edrawkcab')  # \x1b[2J"
    model = script(tmp_path, act(code, "\x1b[8mhidden"), "\x1b[2JAnswer\x07.")
    done = run(tmp_path, "-y", "-m", model, "Attack")
    assert done.stdout == "Answer.\n"
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(done.stderr)
    assert "  red drawkcab\n" in done.stderr
    assert "# \\x1b[2J" in done.stderr


def test_long_outputs_and_errors_are_folded(tmp_path: Path) -> None:
    failing = "def f(n):\n    f(n + 1) if n < 9 else 1 / 0\nf(0)"
    model = script(tmp_path, act("for n in range(100): print(n)"), act(failing), "Done.")
    progress = run(tmp_path, "-y", "-m", model, "Print").stderr
    assert "  10\n  … 89 more lines\n" in progress
    assert "earlier lines\n" in progress
    assert "  ZeroDivisionError: division by zero\n" in progress


def test_json_prints_one_event_a_line_and_the_end_last(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)"), "42")
    done = run(tmp_path, "-y", "--json", "-m", model, "What is 6 times 7?")
    told = events(done.stdout)
    kinds = [event["type"] for event in told]
    assert set(kinds) == {"text", "action", "output", "step", "finished"}
    assert told[kinds.index("action")] == {"type": "action", "kind": "code", "code": "print(6 * 7)"}
    output = told[kinds.index("output")]
    assert (output["text"].strip(), output["stream"]) == ("42", "stdout")
    last = told[-1]
    assert (last["type"], last["stop_reason"], last["answer"], last["steps"]) == (
        "finished",
        "answered",
        "42",
        2,
    )
    assert last["usage"]["input_tokens"] > 0


def test_json_without_stream_has_whole_things_only(tmp_path: Path) -> None:
    model = script(tmp_path, act("print(6 * 7)"), "42")
    done = run(tmp_path, "-y", "--json", "--no-stream", "-m", model, "Go")
    kinds = [event["type"] for event in events(done.stdout)]
    assert kinds == ["action", "step", "action", "step", "finished"]


def test_json_ends_with_finished_when_nothing_could_begin(tmp_path: Path) -> None:
    done = run(tmp_path, "--json", "--sandbox", "off", "-m", script(tmp_path, "Hi."), "Hi")
    (last,) = events(done.stdout)
    assert (last["type"], last["stop_reason"], last["steps"]) == ("finished", "failed", 0)
    assert "Add -y" in last["error"]


def test_json_tells_of_calls_retries_and_useless_replies(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    replies = ['{"tool": "price", "args": ["tea"]}', '{"tool": ', "250"]
    failure = Status(500, headers={"Retry-After": "0"})
    with Loopback([failure, *(Reply(reply) for reply in replies)]) as server:
        done = run(
            tmp_path,
            *("--json", "-y", "-m", "m", "--base-url", server.base_url),
            *("--format", "json", "-T", "shop:price", "What does tea cost?"),
        )
    told = events(done.stdout)
    actions = [event["kind"] for event in told if event["type"] == "action"]
    assert actions == ["call", "invalid", "answer"]
    assert "retrying" in {event["type"] for event in told}


def test_plots_are_saved_and_their_paths_shown(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    code = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\nplt.show()"
    done = run(tmp_path, "-y", "-m", script(tmp_path, act(code), "Done."), "Plot")
    plot = runs(tmp_path)[0] / "workspace" / "plot-1.png"
    assert f"  Plot: {plot}\n" in done.stderr
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [["--help"], ["chat", "--help"], ["doctor", "-h"]])
def test_help_is_told_at_once(arguments: list[str], tmp_path: Path) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 0
    assert "Usage: codeact" in done.stdout


def test_help_loads_neither_a_model_nor_an_interpreter(tmp_path: Path) -> None:
    heavy = "{'openai', 'IPython', 'rich', 'pydantic'} & set(sys.modules)"
    program = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('loaded:', {heavy}))\n"
        "from codeact.cli import main\n"
        "main()"
    )
    command = [sys.executable, "-c", program, "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment(tmp_path)
    )
    assert "loaded: set()" in done.stdout


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout.startswith("codeact 0.")
