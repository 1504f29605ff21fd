"""`codeact eval replay` as a program: recorded runs in, the paper's averages out."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli import program


def _runs(folder: Path) -> Path:
    path = folder / "runs" / "some-model" / "gsm8k.jsonl"
    path.parent.mkdir(parents=True)
    history = [
        {"role": "user", "content": "Two and two?"},
        {"role": "assistant", "content": "<solution> 4 </solution>"},
    ]
    task = {"task_id": "0", "prompt": "Two and two?", "reference": "4"}
    record = {"state": {"history": history, "success": False}, "task": task}
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return folder / "runs"


def test_the_averages_are_printed_as_json(tmp_path: Path) -> None:
    done = program.run(tmp_path, "eval", "replay", str(_runs(tmp_path)), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "some-model": {
            "id": None,
            "od": 100.0,
            "kinds": {"gsm8k": {"n": 1, "solved": 1}},
            "disagreements": ["gsm8k/0"],
        }
    }


def test_the_averages_are_printed_as_a_table(tmp_path: Path) -> None:
    done = program.run(tmp_path, "eval", "replay", str(_runs(tmp_path)))
    assert done.stdout.splitlines() == [
        "model           id      od",
        "some-model       –   100.0",
        "  gsm8k 1/1",
        "  Not as recorded (some-model): gsm8k/0",
    ]


def test_a_folder_without_runs_is_an_error(tmp_path: Path) -> None:
    done = program.run(tmp_path, "eval", "replay", str(tmp_path))
    assert done.returncode == 3
    assert "no recorded runs" in done.stderr
