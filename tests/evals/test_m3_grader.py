"""Which answers the two graders take: the known cases of the public benchmark, and any text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.evals.m3tooleval import M3ToolEval
from codeact.evals.m3tooleval.exercise import Exercise
from codeact.evals.m3tooleval.grader import GRADERS, RIGHT, WRONG, Examiner, fixed, paper

EXERCISES = {each.name: each for each in M3ToolEval().exercises.values()}
QUARTER = "total_price_of_selected_items_after_discount_"

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "answer", "by_paper", "by_fixed"),
    [
        ("price_of_legendary_wand", "68.71", True, True),
        ("price_of_legendary_wand", "68.7", False, True),
        ("price_of_legendary_wand", "68", False, False),
        ("price_of_legendary_wand", "$68.71", False, False),
        (f"{QUARTER}0", "237.94", False, True),
        (f"{QUARTER}0", "237.942", True, True),
        (f"{QUARTER}0", "237.9", False, False),
        (f"{QUARTER}1", "228.159", False, True),
        (f"{QUARTER}1", "228.15900000000002", True, True),
        (f"{QUARTER}1", "228.16", False, True),
        (f"{QUARTER}2", "248.92", False, True),
        (f"{QUARTER}3", "203.09", False, True),
        ("total_price_of_selected_items_2", "380.42", False, True),
        ("total_price_of_selected_items_2", "380.41999999999996", True, True),
        ("longest_decoded_string", "3", True, True),
        ("longest_decoded_string", "fda", False, False),
        ("estimate_final_value", "161.25", True, True),
        ("estimate_final_value", "157.5", False, True),
        ("estimate_final_value", "157", False, False),
        ("fluctuating_conversion_rates_impact", "[36380.0, 48150.0, 68480.0]", True, True),
        ("fluctuating_conversion_rates_impact", "[36380, 48150, 68480]", False, True),
        ("fluctuating_conversion_rates_impact", "36380.0, 48150.0, 68480.0", False, True),
        ("fluctuating_conversion_rates_impact", "[48150, 36380, 68480]", False, False),
        ("fluctuating_conversion_rates_impact", "[36380, 48150]", False, False),
        ("fluctuating_conversion_rates_impact", "36380", False, False),
        ("reverse_transcribe_palindrome_check", "{'T': 1, 'A': 2, 'C': 2, 'G': 1}", True, True),
        ("reverse_transcribe_palindrome_check", "{'A': 2, 'C': 2, 'G': 1, 'T': 1}", False, True),
        ("reverse_transcribe_palindrome_check", "{'T': 1, 'A': 2, 'C': 2}", False, False),
        ("reverse_transcribe_palindrome_check", "{'T': 1, 'A': 2, 'C': 2, 'G': 2}", False, False),
        ("reverse_transcribe_palindrome_check", "T: 1", False, False),
        ("find_most_common_nucleotide_combined_sequence", "('A', 3)", True, True),
        ("find_most_common_nucleotide_combined_sequence", "A", False, True),
        ("find_most_common_nucleotide_combined_sequence", '["A", 3]', False, True),
        ("find_most_common_nucleotide_combined_sequence", "('A', 4)", False, False),
        ("quantity_tariff_tradeoff", "149600.0", True, True),
        ("quantity_tariff_tradeoff", "149600", True, True),
        ("quantity_tariff_tradeoff", "Option 1", False, True),
        ("quantity_tariff_tradeoff", "Option 2", False, False),
        ("transcribe_translate_find_amino_acid", "False", True, True),
        ("transcribe_translate_find_amino_acid", "True", False, False),
        ("transcribe_translate_find_amino_acid", "0.5", False, False),
        ("people_in_sales", "4", True, True),
        ("people_in_sales", "4.0", True, True),
        ("people_in_sales", "True", False, False),
        ("people_in_sales", "'four'", False, False),
        ("hex_caesar_combined_decoding", "KMPP", True, True),
        ("hex_caesar_combined_decoding", "'KMPP'", False, True),
        ("hex_caesar_combined_decoding", "kmpp", False, False),
        ("plan_trip_to_0", "1050", True, True),
        ("plan_trip_to_0", "700", False, True),
        ("plan_trip_to_0", "900", False, False),
    ],
)
def test_a_known_case_is_judged_as_documented(
    name: str, answer: str, by_paper: bool, by_fixed: bool
) -> None:
    judged = (paper(EXERCISES[name], answer), fixed(EXERCISES[name], answer))
    assert judged == (by_paper, by_fixed)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("grader", GRADERS.values(), ids=GRADERS)
def test_the_public_answer_as_printed_is_right(grader: Any, name: str) -> None:
    assert grader(EXERCISES[name], str(EXERCISES[name].answer))


@given(st.sampled_from(sorted(EXERCISES)), st.text(max_size=60))
def test_any_text_is_judged(name: str, answer: str) -> None:
    assert paper(EXERCISES[name], answer) in (True, False)
    assert fixed(EXERCISES[name], answer) in (True, False)


@pytest.mark.parametrize(
    "answer", ["[" * 9_000, "-" * 9_000 + "1", "'\\d'", "5in", "9" * 20_000, "9" * 400]
)
def test_an_odd_text_is_wrong_and_nothing_else(answer: str) -> None:
    assert [grader(EXERCISES["people_in_sales"], answer) for grader in GRADERS.values()] == [
        False,
        False,
    ]


def test_the_paper_grader_reads_a_quoted_text_where_one_is_expected() -> None:
    exercise = Exercise(domain="d", name="n", instruction="?", answer="'A'")
    assert paper(exercise, '"A"')


def test_another_kind_of_value_is_compared_as_it_is() -> None:
    exercise = Exercise(domain="d", name="n", instruction="?", answer=None)
    assert (fixed(exercise, "None"), fixed(exercise, "0")) == (True, False)


@pytest.mark.parametrize(
    ("retry", "answer", "text", "done"),
    [
        (True, "5", WRONG, False),
        (True, "4", RIGHT, True),
        (False, "5", WRONG, True),
        (False, "4", RIGHT, True),
    ],
)
async def test_the_examiner_ends_the_episode_as_the_protocol_says(
    retry: bool, answer: str, text: str, done: bool
) -> None:
    examiner = Examiner(exercise=EXERCISES["people_in_sales"], grader=fixed, retry=retry)
    heard = await examiner.hear(answer)
    assert (heard.text, heard.done, heard.source) == (text, done, "user")
