"""`codeact eval` beyond M3ToolEval: public sets, sampling, kept replies and files of models."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from codeact.cli.eval_models import read_models
from codeact.evals import paper
from tests.cli import program
from tests.evals import question_files
from tests.loopback import Loopback, Reply, Status

RECIPE = Path(__file__).parents[2] / "recipes/table_3.toml"
RULES = ("--format", "json", "--limit", "1")


def _eval(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    files = home / "files"
    data = files if files.exists() else question_files.write(files)
    return program.run(home, "eval", *arguments, env={"CODEACT_DATA": str(data), **env})


def _record(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _asked(server: Loopback, *more: str) -> tuple[str, ...]:
    return ("gsm8k", "-m", f"{server.base_url}#tiny", *RULES, "--json", *more)


def test_gold_answers_of_a_public_set_are_all_right(tmp_path: Path) -> None:
    record = _record(_eval(tmp_path, "gsm8k", "-m", "reference", "--json"))
    assert (record["code"]["n"], record["code"]["solved"]) == (1, 1)


def test_tasks_of_a_public_set_are_listed(tmp_path: Path) -> None:
    assert _eval(tmp_path, "math", "--list").stdout == "math/0  '\\\\boxed{4}'\n"


def test_a_public_set_without_its_files_says_what_to_do(tmp_path: Path) -> None:
    done = program.run(tmp_path, "eval", "mbpp", "-m", "reference")
    assert done.returncode == 2
    assert "MBPP needs its public files" in done.stderr
    assert "--data-dir" in done.stderr


def test_a_report_names_its_own_benchmark(tmp_path: Path) -> None:
    assert _eval(tmp_path, "gsm8k", "-m", "reference", *RULES, "-o", "out").returncode == 0
    done = _eval(tmp_path, "report", "out", "--html", "a.html", "--markdown", "a.md")
    shown = [done.stdout, (tmp_path / "a.html").read_text(), (tmp_path / "a.md").read_text()]
    assert all("GSM8K" in each and "M3ToolEval" not in each for each in shown)
    assert not any("Table 3" in each for each in shown)


def test_sampling_reaches_the_provider_and_grows_by_epoch(tmp_path: Path) -> None:
    flags = ("--temperature", "0.5", "--top-p", "0.9", "--max-tokens", "50", "--seed", "7")
    with Loopback([Reply("4"), Reply("4")]) as server:
        _record(_eval(tmp_path, *_asked(server, *flags, "--epochs", "2", "--concurrency", "1")))
        bodies = [request.body for request in server.posts]
    assert [(each["temperature"], each["top_p"]) for each in bodies] == [(0.5, 0.9)] * 2
    assert [each["seed"] for each in bodies] == [7, 8]
    assert 50 in (bodies[0].get("max_tokens"), bodies[0].get("max_completion_tokens"))


def test_a_run_is_not_resumed_with_other_sampling(tmp_path: Path) -> None:
    with Loopback([Reply("4")]) as server:
        _record(_eval(tmp_path, *_asked(server, "-o", "out")))
        done = _eval(tmp_path, *_asked(server, "-o", "out", "--temperature", "0.9"))
    assert done.returncode == 2
    assert "out holds a run with sampling" in done.stderr


def test_kept_replies_are_not_asked_again_and_are_told(tmp_path: Path) -> None:
    with Loopback([Reply("4"), Reply("4")]) as server:
        first = _asked(server, "--cache", "--epochs", "2", "--temperature", "1")
        _record(_eval(tmp_path, *first, "-o", "one"))
        done = _eval(tmp_path, *first, "-o", "two")
        assert len(server.posts) == 2
    assert _record(done)["json"]["solved"] == 2
    assert "replies kept from before 2" in done.stderr
    assert list((tmp_path / "CACHE/codeact/replies").glob("*/*.json"))


def test_nothing_is_kept_unless_that_is_asked_for(tmp_path: Path) -> None:
    with Loopback([Reply("4"), Reply("4")]) as server:
        for folder in ("one", "two"):
            _record(_eval(tmp_path, *_asked(server, "-o", folder)))
        assert len(server.posts) == 2
    assert not (tmp_path / "CACHE/codeact/replies").exists()


def _file(home: Path, server: Loopback, more: str = "") -> str:
    (home / "models.toml").write_text(
        f"""
[[model]]
name = "paid"
model = "tiny"
base_url = "{server.base_url}"
key = "TINY_KEY"
temperature = 0.3
price = {{ input = 1.0, output = 2.0 }}
{more}
[[model]]
name = "reference"
format = ["text"]
"""
    )
    return str(home / "models.toml")


def test_a_file_of_models_makes_one_folder_each_and_one_table(tmp_path: Path) -> None:
    with Loopback([Reply("5")]) as server:
        models = _file(tmp_path, server)
        command = ("gsm8k", "--models", models, *RULES, "-o", "out")
        done = _eval(tmp_path, *command, TINY_KEY="secret")
        (post,) = server.posts
        again = _eval(tmp_path, *command, TINY_KEY="secret")
        assert len(server.posts) == 1
    assert (post.body["model"], post.body["temperature"]) == ("tiny", 0.3)
    assert (tmp_path / "out/paid/json.jsonl").exists()
    assert (tmp_path / "out/reference/text.jsonl").exists()
    assert "paid       json" in done.stdout
    assert "reference  text" in done.stdout
    assert again.stdout == done.stdout
    manifest = json.loads((tmp_path / "out/run.json").read_text())
    assert manifest["sampling"]["paid"]["temperature"] == 0.3
    assert "secret" not in (tmp_path / "out/run.json").read_text()


def test_a_key_that_is_not_set_is_named_before_anything_runs(tmp_path: Path) -> None:
    with Loopback([]) as server:
        done = _eval(tmp_path, "gsm8k", "--models", _file(tmp_path, server), "-o", "out")
    assert done.returncode == 2
    assert "the key of 'paid' is read from TINY_KEY, which is not set" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_misspelt_field_of_a_model_is_named(tmp_path: Path) -> None:
    with Loopback([]) as server:
        models = _file(tmp_path, server, "temprature = 1\n")
        done = _eval(tmp_path, "gsm8k", "--models", models, TINY_KEY="x")
    assert done.returncode == 2
    assert "model.0.temprature" in done.stderr


def test_the_papers_models_are_all_in_the_recipe() -> None:
    names = [each.name for each in read_models(RECIPE)]
    assert names == [row.model for row in paper.TABLE_3]


def test_a_full_context_is_no_provider_error(tmp_path: Path) -> None:
    long = Status(400, "The prompt is too long.", code="context_length_exceeded")
    with Loopback([long, long, long]) as server:
        done = _eval(tmp_path, *_asked(server, "-o", "out"))
    assert (_record(done)["json"]["n"], _record(done)["json"]["failed"]) == (1, 0)
    (row,) = _record(_eval(tmp_path, "report", "out", "--json"))["rows"]
    assert row["kinds"] == {"context_limit": 1}


def test_a_provider_that_fails_a_while_is_asked_again(tmp_path: Path) -> None:
    with Loopback([Status(503), Status(429), Reply("4")]) as server:
        record = _record(_eval(tmp_path, *_asked(server)))
    assert (record["json"]["solved"], record["json"]["failed"]) == (1, 0)


def test_a_run_on_a_server_that_is_killed_and_resumed_asks_for_the_rest_only(
    tmp_path: Path,
) -> None:
    epochs = 12
    flags = ("--epochs", str(epochs), "--concurrency", "1", "-o", "out")
    with Loopback([Reply("4", pause=0.05, size=1) for _ in range(2 * epochs)]) as server:
        command = _asked(server, *flags)
        files = question_files.write(tmp_path / "files")
        process = subprocess.Popen(
            [*program.PROGRAM, "eval", *command],
            cwd=tmp_path,
            env=program.environment(tmp_path, CODEACT_DATA=str(files)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + program.SECONDS
        while len(server.posts) < 4 and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        record = _record(_eval(tmp_path, *command))
        assert len(server.posts) <= epochs + 1
    assert (record["json"]["n"], record["json"]["solved"]) == (epochs, epochs)
    lines = (tmp_path / "out/tiny/json.jsonl").read_text().splitlines()
    seen = sorted(int(json.loads(line)["metadata"]["epoch"]) for line in lines)
    assert seen == list(range(epochs))
