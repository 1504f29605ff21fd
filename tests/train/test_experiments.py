"""The experiments run from nothing to their tables, and go on where they were stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def ran(program: str, folder: Path, *flags: str) -> str:
    command = [sys.executable, str(BENCHMARKS / program), str(folder), *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_action_spaces_are_compared_on_the_same_tasks(tmp_path: Path) -> None:
    flags = ("--seeds", "1", "--exercises", "200", "--episodes", "30", "--tasks", "2")
    first = ran("action_spaces.py", tmp_path / "spaces", *flags)
    assert "| code against JSON, equal tokens | names |" in first
    assert "| all three, asked in text | 1 |" in first
    again = ran("action_spaces.py", tmp_path / "spaces", *flags, "--report", str(tmp_path))
    assert again.splitlines()[-10:] == first.splitlines()[-10:]
    assert (tmp_path / "experiment-action-spaces.svg").stat().st_size > 10_000


def test_the_ablation_leaves_out_one_kind_after_the_other(tmp_path: Path) -> None:
    flags = ("--seeds", "1", "--episodes", "40", "--measured", "3")
    first = ran("ablation.py", tmp_path / "ablation", *flags)
    table = [line for line in first.splitlines() if line.startswith("| w")]
    assert [line.split(" | ")[0] for line in table] == [
        "| whole mixture",
        "| without code actions",
        "| without conversation",
    ]
    assert ran("ablation.py", tmp_path / "ablation", *flags).splitlines()[-3:] == table
