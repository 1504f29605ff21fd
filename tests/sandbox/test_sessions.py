"""Every attack as a cell of a real session that a zygote forked, in each tier, for each person."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from codeact.interpreter.offer import probe, tier
from codeact.interpreter.sandbox import Tier
from tests.sandbox.attacks import ATTACKS, BOTH, Attack, Who
from tests.sandbox.battlefield import battlefield, people
from tests.sandbox.machines import Machine

pytestmark = [
    pytest.mark.skipif(tier(probe()) == "none", reason="this machine offers no walls"),
    pytest.mark.timeout(120),  # all attacks of the table at once
]


RESTORING = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from tests.sandbox.machines import become
become("container")
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.sandbox import SandboxPolicy

async def main():
    async with ForkedInterpreter(sandbox=SandboxPolicy(mode="required")) as session:
        for number in range(5):
            await session.execute(f"x = {number}")
        assert session.report.tier == "landlock"
        await session.execute("import os; os._exit(1)")
        print((await session.execute("x")).text)

asyncio.run(main())
"""


def test_the_landlock_tier_restores_the_latest_state() -> None:
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", RESTORING, root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["4"], done.stderr


def by_policy() -> list[list[Attack]]:
    groups: dict[str, list[Attack]] = defaultdict(list)
    for attack in ATTACKS:
        groups[json.dumps(attack.policy, sort_keys=True)].append(attack)
    return list(groups.values())


@pytest.mark.parametrize(("machine", "wanted"), [("ours", "full"), ("container", "landlock")])
@pytest.mark.parametrize("who", BOTH)
def test_attacks_from_a_cell_end_as_the_table_says_and_the_next_session_is_unharmed(
    who: Who, machine: Machine, wanted: Tier
) -> None:
    if who not in people():
        pytest.skip(f"cannot attack as {who} here")
    if machine == "ours" and not tier(probe()).startswith("full"):
        pytest.skip("this machine has no full tier")
    with battlefield(who) as field:
        for group in by_policy():
            said = field.run_as_cells(group, machine, policy=dict(group[0].policy))
            expected = {each.name: each.expected(wanted, who) for each in group}
            found = {name: text.partition(":")[0] for name, text in said["results"].items()}
            assert found == expected
            assert said["report"]["tier"].removesuffix("+cgroup") == wanted
            assert said["next"] == "42\n"
