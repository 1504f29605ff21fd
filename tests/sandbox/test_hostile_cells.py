"""What a cell does to the protocol, the clock, the output or Python stays in its own session."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codeact.interpreter.offer import probe, tier
from tests.sandbox.cells import CELLS

ARENA = Path(__file__).with_name("cells_arena.py")
STATES = {"kept": {"kept"}, "restored": {"restored"}, "either": {"kept", "restored"}}
pytestmark = [
    pytest.mark.skipif(tier(probe()) == "none", reason="this machine offers no walls"),
    pytest.mark.timeout(120),  # all cells of a section, with their deadlines
]


@pytest.mark.parametrize("section", ["protocol", "time", "output", "python"])
@pytest.mark.parametrize("machine", ["ours", "container"])
def test_a_hostile_cell_hurts_its_own_session_at_most(machine: str, section: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ARENA), machine, section],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}
    expected = {each.name: each.outcome for each in CELLS if each.section == section}
    assert said.keys() == expected.keys()
    for name, found in said.items():
        assert found["state"] in STATES[expected[name]], found
        assert found["after"] == "2\n" or "have been restored" in found["after"], found
        assert found["length"] < 12_000, found
        assert found["neighbour"] == "42\n", found
        assert found["next"] == "42\n", found
