"""Judges of answers: the right value in any words, no wrong one beside it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.tasks.families.expected import (
    Expected,
    File,
    Letter,
    Name,
    Names,
    Number,
    Numbers,
    Text,
    Today,
    YesNo,
    numbers_in,
)

HERE = Path()
LEAP = date(2024, 2, 29)  # a Thursday
TODAY = Today(today=lambda: LEAP)
WEEKDAY = Today(weekday=True, today=lambda: LEAP)

RIGHT: tuple[tuple[Expected, str, str], ...] = (
    (Number(1060), "sum of primes below 100", "The sum of the primes below 100 is 1,060."),
    (Number(6), "gcd of 6 and 12", "The gcd of 6 and 12 is 6."),
    (Number(12.5, 0.0051), "", "It is 12.50."),
    (Number(-4), "", "-4"),
    (Numbers([2, 3, 5]), "primes below 6", "The primes below 6 are 2, 3 and 5."),
    (Numbers([5, 3, 2]), "sort 2, 3, 5 descending", "5 3 2"),
    (Numbers([9, 2], others=[2, 5, 9], ordered=False), "of 2, 5, 9 and 9, 2", "2 and 9"),
    (Numbers([2], others=[7, 5, 9]), "where is 5 in 7, 5, 9", "5 is at position 2."),
    (Name("Anna", ["Anna", "Ben"]), "", "it is ANNA."),
    (Names(["b", "a"], ["a", "b"]), "", "b, a"),
    (Names(["b", "a"], ["a", "b"], ordered=False), "", "a and b"),
    (Text("olleh"), "reverse hello", 'The reverse of "hello" is "olleh".'),
    (Letter("a", "banana"), "", 'The last letter of "banana" is "a".'),
    (Letter("a", "data"), "", "It's a."),
    (Letter("i", "a taxi"), "", "I looked at a taxi: 'i' is the last letter."),
    (TODAY, "", "2024-02-29"),
    (TODAY, "", "Today is Thursday, February 29th, 2024."),
    (TODAY, "", "It is 29 Feb 2024."),
    (TODAY, "", "29/02/2024"),
    (TODAY, "", "02/29/2024"),
    (WEEKDAY, "", "Today is Thursday."),
    (YesNo(True), "is 7 prime?", "Yes, 7 is prime."),
    (YesNo(False), "is 8 prime?", "No, 8 is not prime."),
)
WRONG: tuple[tuple[Expected, str, str], ...] = (
    (Number(6), "gcd of 6 and 12", "The answer is 12."),
    (Number(6), "gcd of 6 and 12", "6 or 12"),
    (Number(1060), "", "1060 or 1061"),
    (Number(30414093201713378043612608166064768844377641568960512000000000000), "", "3.04e64"),
    (Number(12.5, 0.0051), "", "12.6"),
    (Numbers([2, 3, 5]), "primes below 6", "2, 5, 3"),
    (Numbers([2, 3, 5]), "primes below 6", "2, 3, 5, 7"),
    (Numbers([9, 2], others=[2, 5, 9], ordered=False), "of 2, 5, 9 and 9, 2", "2, 9, 5"),
    (Numbers([2], others=[7, 5, 9]), "where is 5 in 7, 5, 9", "5 is at position 1."),
    (Numbers([2], others=[7, 5, 9]), "where is 5 in 7, 5, 9", "2 or 7"),
    (Name("Anna", ["Anna", "Ben"]), "", "Anna or Ben"),
    (Names(["b", "a"], ["a", "b"]), "", "a, b"),
    (Names(["a"], ["a", "b"], ordered=False), "", "a and b"),
    (Text("olleh"), "reverse hello", "hello"),
    (Text("olleh"), "reverse hello", "olleh or ollhe"),
    (Letter("b", "a crab"), "", "It is a or b."),
    (Letter("i", "taxi"), "", "I do not know."),
    (Letter("a", "data"), "", "A look at data tells."),
    (Letter("t", "don't"), "", "I don't know, it isn't easy."),
    (TODAY, "", "2024-03-01"),
    (TODAY, "", "2024-02-29 or 2024-03-01"),
    (TODAY, "", "Today is Friday, February 29, 2024."),
    (TODAY, "", "March 29, 2024"),
    (TODAY, "", "February 2024"),
    (WEEKDAY, "", "Today is Friday."),
    (WEEKDAY, "", "Thursday or Friday"),
    (YesNo(True), "", "No."),
    (YesNo(False), "", "Yes and no."),
    (YesNo(False), "", "I do not know."),
)


@pytest.mark.parametrize(("expected", "request_text", "answer"), RIGHT)
def test_right_answers_are_accepted(expected: Expected, request_text: str, answer: str) -> None:
    assert expected.accepts(answer, request_text, HERE)


@pytest.mark.parametrize(("expected", "request_text", "answer"), WRONG)
def test_wrong_answers_are_refused(expected: Expected, request_text: str, answer: str) -> None:
    assert not expected.accepts(answer, request_text, HERE)


@given(st.integers(-(10**30), 10**30))
def test_a_whole_number_is_read_to_its_last_digit(number: int) -> None:
    assert numbers_in(f"It is {number}.") == [number]
    assert not Number(number).accepts(f"It is {number + 1}.", "", HERE)


@given(st.text(), st.text())
def test_no_text_breaks_a_judge(answer: str, request_text: str) -> None:
    for expected, _, _ in RIGHT:
        expected.accepts(answer, request_text, HERE)


def test_a_file_has_to_stand_there_and_be_named(tmp_path: Path) -> None:
    expected = File("new.txt", lambda data: data == b"x", gone=("old.txt",))
    assert not expected.accepts("It is in new.txt.", "", tmp_path)
    (tmp_path / "new.txt").write_bytes(b"x")
    assert expected.accepts("It is in new.txt.", "", tmp_path)
    assert not expected.accepts("Done.", "", tmp_path)
    (tmp_path / "old.txt").touch()
    assert not expected.accepts("It is in new.txt.", "", tmp_path)
