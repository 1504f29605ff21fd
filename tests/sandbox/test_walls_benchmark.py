"""The measurement of the walls fails where a claimed wall does not hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codeact.interpreter.offer import probe, tier

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "walls.py"
FAST = ("read a file outside", "signal another process", "reach a TCP server of the host")
pytestmark = [
    pytest.mark.skipif(tier(probe()) == "none", reason="this machine offers no walls"),
    pytest.mark.timeout(60),  # each person, each tier, with the walls and without
]


def measured(*flags: str) -> tuple[int, list[dict[str, object]]]:
    command = [sys.executable, str(PROGRAM), "--json", *flags, "--attacks", *FAST]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    return done.returncode, json.loads(done.stdout)["attacks"]


def test_claimed_walls_hold_and_without_them_the_attacks_get_through() -> None:
    code, rows = measured()
    assert code == 0
    assert {row["attack"] for row in rows} == {*FAST}
    assert all(row["held"] and row["breached_without_the_wall"] for row in rows)


def test_a_wall_that_is_missing_fails_the_measurement() -> None:
    code, rows = measured("--without", "users", "mounts", "landlock", "capabilities")
    assert code == 1
    assert any(row["attack"] == FAST[0] and not row["held"] for row in rows)
