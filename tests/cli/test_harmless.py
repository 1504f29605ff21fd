"""What a terminal never gets to see."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.cli.harmless import clean, visible

WILD = st.text(
    alphabet=st.sampled_from("ab1;[]m?P\\ \n\t\r\x1b\x07\x08\x9b\x9d\x9c\x00\u202e\u2066é")
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("\x1bPdevice\x1b\\x", "x"),
        ("\x1b(Bx", "x"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("b\x08\x07ell", "bell"),
        ("\u202edrawkcab", "drawkcab"),
        ("tab\tand é 東", "tab\tand é 東"),
    ],
)
def test_only_what_can_be_read_is_left(text: str, left: str) -> None:
    assert clean(text) == left


@given(WILD)
def test_no_control_character_survives(text: str) -> None:
    for made in (clean(text), visible(text)):
        kinds = {unicodedata.category(char) for char in made if char not in "\n\t"}
        assert not kinds & {"Cc", "Cf"}


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text
    assert visible(text) == text


def test_code_shows_what_hides_in_it() -> None:
    assert visible("x = 1 # \u202e\x1b[8m\rok") == "x = 1 # \\u202e\\x1b[8m\\rok"


def test_a_very_long_line_is_cleaned_quickly() -> None:
    assert clean("x" * 1_000_000 + "\r\x1b[0m") == "x" * 1_000_000
