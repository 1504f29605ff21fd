"""What clients may ask about earlier cells."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from codeact.jupyter.past import SESSION, Past


def past(*codes: str) -> Past:
    found = Past()
    for number, code in enumerate(codes, 1):
        found.add(number, code, f"<{code}>")
    return found


def codes(answer: list[list[Any]]) -> list[str]:
    return [each[2] for each in answer]


def test_the_tail_is_the_last_cells() -> None:
    asked = past("a", "b", "c").asked({"hist_access_type": "tail", "n": 2})
    assert asked == [[SESSION, 2, "b"], [SESSION, 3, "c"]]


def test_results_come_with_the_cells_where_wanted() -> None:
    asked = past("a").asked({"hist_access_type": "tail", "n": 2, "output": True})
    assert asked == [[SESSION, 1, ["a", "<a>"]]]


def test_a_range_ends_before_its_stop() -> None:
    content = {"hist_access_type": "range", "session": 0, "start": 2, "stop": 4}
    assert codes(past("a", "b", "c", "d").asked(content)) == ["b", "c"]


def test_a_range_without_stop_goes_to_the_end() -> None:
    assert codes(past("a", "b").asked({"hist_access_type": "range", "start": 2})) == ["b"]


def test_nothing_is_known_of_other_sessions() -> None:
    assert past("a").asked({"hist_access_type": "range", "session": 7}) == []


def test_a_search_takes_wildcards_and_leaves_out_repetitions() -> None:
    content = {"hist_access_type": "search", "pattern": "x*", "unique": True}
    assert codes(past("x1", "y", "x1", "x2").asked(content)) == ["x1", "x2"]


@given(
    st.dictionaries(
        st.sampled_from(["hist_access_type", "n", "start", "stop", "session", "pattern", "unique"]),
        st.one_of(st.none(), st.integers(-5, 5), st.sampled_from(["tail", "range", "search"])),
    )
)
def test_any_request_gets_a_list_or_a_refusal(content: dict[str, Any]) -> None:
    try:
        answer = past("a", "b", "c").asked(content)
    except (TypeError, ValueError):
        return
    assert set(codes(answer)) <= {"a", "b", "c"}
