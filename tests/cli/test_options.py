"""How budgets are read from the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.cli.options import read_budget
from codeact.errors import ConfigError
from codeact.halting import Budget


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("$0.50", Budget(cost=0.5)),
        ("0.50usd", Budget(cost=0.5)),
        ("2$", Budget(cost=2.0)),
        ("500", Budget(tokens=500)),
        ("20k", Budget(tokens=20_000)),
        ("1.5M", Budget(tokens=1_500_000)),
        ("90s", Budget(seconds=90)),
        ("5m", Budget(seconds=300)),
        ("5min", Budget(seconds=300)),
        (".5h", Budget(seconds=1800)),
    ],
)
def test_a_budget_is_read_by_its_unit(text: str, budget: Budget) -> None:
    assert read_budget([text]) == budget


def test_several_budgets_hold_together() -> None:
    wanted = Budget(cost=1.0, tokens=2000, seconds=3)
    assert read_budget(["$1", "2k", "3s"]) == wanted


@given(st.text())
def test_any_other_text_is_refused_by_name(text: str) -> None:
    budget, refusal = Budget(), ""
    try:
        budget = read_budget([text])
    except ConfigError as error:
        refusal = str(error)
    limits = (budget.cost, budget.tokens, budget.seconds)
    assert limits.count(None) == (3 if repr(text) in refusal else 2)
