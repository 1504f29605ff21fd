"""Whether two answers about a table mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.tasks.denotation import answer_of, date, number, plain, same, same_value, values_of

cells = st.text(st.characters(codec="utf-8"), max_size=12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Italy", "italy."),
        ("São Paulo", "sao paulo"),
        ("“Che” Fu", '"che" fu'),
        ('"Quoted"', "quoted"),
        ("Bangkok (capital)", "Bangkok"),
        ("Alonso[1]", "Alonso"),
        ("Alonso†", "alonso"),
        ("1994–95", "1994-95"),
        ("12,467", "12467"),
        ("4", "4.0"),
        ("1999-xx-03", "1999-XX-3"),
    ],
)
def test_two_spellings_of_a_value_agree(one: str, other: str) -> None:
    assert same_value(one, other)
    assert same_value(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("4", "4.1"), ("10 years", "10"), ("1999-01-03", "1999-xx-03"), ("a b", "ab"), ("1,2", "12")],
)
def test_values_that_differ_do_not_agree(one: str, other: str) -> None:
    assert not same_value(one, other)


@pytest.mark.parametrize(
    ("wanted", "said", "right"),
    [
        (["a", "b"], ["B", "A"], True),
        (["a", "b"], ["a"], False),
        (["a"], ["a", "b"], False),
        (["a", "a"], ["a"], True),
        (["1", "2"], ["2.0", "1"], True),
    ],
)
def test_answers_are_sets_of_values(wanted: list[str], said: list[str], right: bool) -> None:
    assert same(wanted, said) is right


def test_what_is_no_date_is_none() -> None:
    assert date("xx-xx-xx") is None
    assert date("1999-13-01") is None
    assert date("1999") is None
    assert date("2001-02-03") == (2001, 2, 3)


def test_numbers_that_nobody_can_write_are_none() -> None:
    assert number("nan") is None
    assert number("inf") is None
    assert number("1,000.5") == 1000.5


@given(st.lists(cells.filter(lambda cell: cell == cell.strip()), min_size=1, max_size=4))
def test_an_answer_line_is_read_back(values: list[str]) -> None:
    assert values_of(answer_of(values)) == values


@given(cells)
def test_every_value_agrees_with_itself_however_it_is_cased(text: str) -> None:
    assert same_value(text, text)
    assert plain(text) == plain(text).lower()
