"""Pre-flight against plain execution: what would succeed is never refused."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.interpreter.doomed_cells import Lived, live, sessions

quick = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def told(lived: Lived) -> str:
    return f"{lived.cell}\n--- {lived.error!r} on line {lived.line}, {lived.doomed}"


@quick
@given(sessions)
@pytest.mark.filterwarnings("ignore")
def test_a_cell_that_succeeds_is_never_refused(cells: list[str]) -> None:
    for lived in live(cells):
        event("refused" if lived.doomed else "let run")
        assert lived.doomed is None or lived.error is not None, told(lived)


@quick
@given(sessions)
@pytest.mark.filterwarnings("ignore")
def test_a_refusal_names_the_error_of_its_line_or_an_earlier_line_fails(cells: list[str]) -> None:
    for lived in live(cells):
        if lived.doomed is None:
            continue
        assert lived.error is not None, told(lived)
        line = getattr(lived.doomed.node or lived.doomed.error, "lineno", 0)
        same = type(lived.error) is type(lived.doomed.error)
        assert same or lived.line <= line, told(lived)
