"""A small soak: random cells and violence against an oracle, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_hundreds_of_violent_actions_give_no_wrong_answer_and_leave_nothing() -> None:
    command = [sys.executable, str(SOAK), "--json", "--actions", "200", "--sessions", "6"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["actions"], told["wrong"], told["leaked"]) == (200, 0, 0), ran.stderr
