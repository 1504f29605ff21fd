"""What `docs/sandbox.md` claims is what the attacks show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.attacks import ATTACKS, Attack
from tests.sandbox.cells import CELLS, Cell

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"
WORDS = {"held": "held", "breach": "**through**"}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.name.replace(" ", "-"))
def test_the_page_states_the_result_of_every_attack(attack: Attack) -> None:
    full, (root, user) = WORDS["held"], (WORDS[each] for each in attack.landlock)
    row = f"| {attack.name} | {full} | {full} | {root} | {user} | through"
    assert row in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("cell", CELLS, ids=lambda each: each.name.replace(" ", "-"))
def test_the_page_states_what_comes_of_every_hostile_cell(cell: Cell) -> None:
    words = {"kept": "kept", "restored": "restored", "either": "kept or restored"}
    row = f"| {cell.section} | {cell.name} | {words[cell.outcome]} |"
    assert row in PAGE.read_text(encoding="utf-8")
