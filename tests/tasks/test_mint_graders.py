"""MINT's graders of an answer's text, their generosity and their known defects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.tasks.arithmetic import Unreadable, value_of
from codeact.tasks.mint_graders import chosen, near_or_contained, options_of, theorem

OPTIONS = {"a": "12", "b": "red car", "c": "red", "d": "none of these"}


@pytest.mark.parametrize(
    ("reference", "answer", "verdict"),
    [
        ("6", "6", True),
        ("6", " 6.2 ", True),
        ("6", "6.4", False),
        ("6", "it is 6 miles", True),
        ("1000", "1,000", False),
        ("10.0", "10", True),
        ("10.0", "10 apples", False),
        ("Paris", "in PARIS, of course", True),
        ("yes", "no", False),
    ],
)
def test_a_number_is_near_and_a_text_is_contained(
    reference: str, answer: str, verdict: bool
) -> None:
    assert near_or_contained(reference, answer) is verdict


def test_a_negative_reference_is_met_by_no_number() -> None:
    assert not near_or_contained("-5.0", "-5.0")


def test_options_are_read_from_the_prompt() -> None:
    prompt = "How many?\nOptions: A ) 12 , B ) Red Car. , C ) red , D ) none of these"
    assert options_of(prompt) == OPTIONS


@pytest.mark.parametrize(
    ("letter", "answer", "verdict"),
    [
        ("c", "C", True),
        ("d", "b", False),
        ("b", "I believe red", True),
        ("a", "A) 12", True),
        ("a", "12", True),
        ("d", "12", False),
        ("a", "²", False),
    ],
)
def test_a_choice_is_its_letter_or_its_text(letter: str, answer: str, verdict: bool) -> None:
    assert chosen(letter, OPTIONS, answer) is verdict


def test_the_text_of_another_option_beside_the_right_one_is_wrong() -> None:
    options = {"x": "left", "y": "up", "z": "north"}
    assert chosen("y", options, "up")
    assert not chosen("y", options, "up or left")


@pytest.mark.parametrize(
    ("reference", "answer", "verdict"),
    [
        (1.12, "1.118", True),
        (1.12, "1.2", False),
        (1.12, "about", False),
        (120, "120", True),
        (120, "120.4", True),
        (1200, "1,200", True),
        (120, "x = 120", True),
        (120, "$120$ cm", True),
        (120, "approximately 120", True),
        (0.5, "1/2", True),
        (0.5, "1/2 or 2", True),
        (120, "1.2 x 10^2", False),
        (0, "inf", False),
        (0, "1e999", False),
        (True, "True", True),
        (True, "yes", True),
        (False, "True", False),
        (True, "The statement is False", False),
        ([1, 2, 3], "[3, 2, 1]", True),
        ([1, 2, 3], "(1, 2, 3)", True),
        ([1, 2, 3], "[1, 2]", False),
        ([1, 2], "['1', '2']", False),
        ("b", "b", True),
        ("b", "b) because", True),
        ("b", "(b)", True),
        ("b", "c", False),
        ("b", r"b) $\theta$", False),
        (None, "1", False),
        (2, "3+0j", False),
        (3, "3+0j", True),
        ([3, 4], "{3, 4}", True),
    ],
)
def test_a_theorem_is_answered_by_a_value(reference: Any, answer: str, verdict: bool) -> None:
    assert theorem(reference, answer) is verdict


@given(st.text(max_size=60), st.sampled_from([1, 1.5, True, "a", [1, 2]]))
def test_any_text_is_judged(text: str, reference: Any) -> None:
    assert theorem(reference, text) in (True, False)
    assert near_or_contained(reference, text) in (True, False)
    assert chosen("a", OPTIONS, text) in (True, False)


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a", "9**9**9", "1/0", "[1] * 9", "1" * 3000, "(" * 500]
)
def test_nothing_is_run_to_read_an_answer(text: str) -> None:
    with pytest.raises(Unreadable):
        value_of(text)


@given(st.recursive(st.integers() | st.booleans(), lambda inner: st.lists(inner, max_size=3)))
def test_what_python_prints_of_numbers_and_lists_reads_back(value: Any) -> None:
    assert value_of(repr(value)) == value
