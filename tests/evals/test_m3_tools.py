"""The tools of the five domains do what the public benchmark's tools do."""

from __future__ import annotations

import ast
import math
import string
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.evals.m3tooleval.calculator import LONGEST, calculator
from codeact.evals.m3tooleval.dna_sequencer import (
    count_nucleotides,
    find_max_nucleotide,
    is_valid_dna_sequence,
    reverse_transcribe_mrna_to_dna,
    transcribe_dna_to_mrna,
    translate_mrna_to_amino_acid,
)
from codeact.evals.m3tooleval.message_decoder import (
    MessageDecoder,
    caesar_decode,
    convert_hex_to_ascii,
    maximum_value,
    minimum_value,
    reverse_string,
    string_length,
)
from codeact.evals.m3tooleval.trade_calculator import TradeCalculator
from codeact.evals.m3tooleval.travel_planning import TravelPlanning

pytestmark = pytest.mark.anyio

dna = st.text("ACGT", max_size=40)


@given(st.text(max_size=40))
def test_a_text_comes_back_from_hexadecimal(text: str) -> None:
    assert convert_hex_to_ascii(text.encode().hex()) == text


@pytest.mark.parametrize(("given_", "text"), [("4a656d", "Jem"), (636261, "cba")])
def test_hexadecimal_digits_may_come_as_a_number(given_: Any, text: str) -> None:
    assert convert_hex_to_ascii(given_) == text


@given(st.text(string.ascii_letters, max_size=40), st.integers(-60, 60))
def test_shifting_back_undoes_shifting_forth(text: str, shift: int) -> None:
    assert caesar_decode(caesar_decode(text, shift), -shift) == text


def test_the_cipher_keeps_case_and_leaves_other_characters() -> None:
    assert caesar_decode("aBz-9é", 1) == "zAy-9é"


def test_small_text_tools_do_what_they_say() -> None:
    assert (reverse_string("abc"), string_length("abcd")) == ("cba", 4)
    assert (minimum_value(3, 1, 2), maximum_value("a", "c", "b")) == (1, "c")


@given(dna)
def test_nucleotides_are_counted_in_order_of_appearance(sequence: str) -> None:
    counts = count_nucleotides(sequence)
    assert counts == Counter(sequence)
    assert list(counts) == list(dict.fromkeys(sequence))


@given(dna)
def test_reverse_transcription_gives_the_sequence_back(sequence: str) -> None:
    assert reverse_transcribe_mrna_to_dna(transcribe_dna_to_mrna(sequence)) == sequence


def test_transcription_leaves_foreign_letters() -> None:
    assert transcribe_dna_to_mrna("ACGTX") == "UGCAX"
    assert reverse_transcribe_mrna_to_dna("UCAGX") == "AGTCX"


@pytest.mark.parametrize(
    ("mrna", "chain"),
    [
        ("AUGUUUUUC", "Methionine-Phenylalanine-Phenylalanine"),
        ("AUGGG", "Methionine-X"),
        ("", ""),
    ],
)
def test_codons_are_translated_and_a_short_one_counts(mrna: str, chain: str) -> None:
    assert translate_mrna_to_amino_acid(mrna) == chain


def test_the_first_of_equal_counts_is_the_largest() -> None:
    assert find_max_nucleotide("C", 2, "A", 3, "G", 3) == ("A", 3)


def test_a_valid_sequence_has_the_letters_of_dna_only() -> None:
    assert [is_valid_dna_sequence(each) for each in ("ACGT", "ACGU", "")] == [True, False, True]


async def test_trade_tools_convert_tax_and_add() -> None:
    tools = TradeCalculator().toolbox()
    assert await tools.call("convert_currency", [100, 1.5]) == 150.0
    assert await tools.call("calculate_tariff", [150.0, 8]) == 12.0
    assert await tools.call("estimate_final_value", [150.0, 12.0]) == 162.0
    assert await tools.call("find_minimum", [3, 1.5]) == 1.5
    assert await tools.call("find_maximum", [3, 1.5]) == 3


async def test_flights_are_found_with_and_without_quotes() -> None:
    tools = TravelPlanning().toolbox()
    found = await tools.call("find_flights", ['"E"', "A", "2023-12-25"])
    assert found == [
        {"from_location": '"E"', "to_location": '"A"', "date": "2023-12-25", "price": 450}
    ]


async def test_a_day_without_flights_finds_none() -> None:
    assert await TravelPlanning().toolbox().call("find_flights", ["E", "A", "1999-01-01"]) == []


async def test_hotels_have_all_that_is_preferred() -> None:
    hotels = await TravelPlanning().toolbox().call("book_hotel", ["D", "gym", "pool"])
    assert hotels == [
        {
            "location": '"D"',
            "preferences": ["wifi", "gym", "pool"],
            "price_per_night": 135,
            "rating": 5,
        }
    ]


async def test_an_unknown_location_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no location G\. The locations are: A, B, C, D, E, F"):
        await TravelPlanning().toolbox().call("book_hotel", ["G"])


async def test_travel_sums_keep_whole_numbers_whole() -> None:
    tools = TravelPlanning().toolbox()
    assert repr(await tools.call("budget_calculator", [450, 120, 5])) == "1050"
    assert repr(await tools.call("sum", [1, 2, 3])) == "6"
    assert repr(await tools.call("max", [1, 2.5])) == "2.5"
    assert repr(await tools.call("min", [1, 2.5])) == "1"


async def test_tools_of_a_domain_stand_in_the_public_order() -> None:
    assert MessageDecoder().toolbox().names == (
        "convert_hex_to_ascii",
        "reverse_string",
        "caesar_decode",
        "string_length",
        "minimum_value",
        "maximum_value",
    )


_numbers = st.one_of(st.integers(-999, 999), st.floats(-999, 999).map(lambda each: round(each, 2)))
_expressions = st.recursive(
    _numbers.map(repr),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda one: f"-{one}"),
        st.lists(inner, min_size=1, max_size=3).map(lambda all: f"max([{', '.join(all)}])"),
    ),
    max_leaves=12,
)


@given(_expressions)
def test_the_calculator_agrees_with_python(expression: str) -> None:
    given_ = calculator(expression)
    try:
        expected = eval(expression)
    except ArithmeticError:
        assert str(given_).startswith("Failed to evaluate expression: ")
    else:
        assert given_ == expected or math.isnan(expected)


@given(st.text(max_size=60))
def test_the_calculator_survives_any_text(text: str) -> None:
    calculator(text)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + (3 * 4)", 14),
        ("round(10 / 3, 2)", 3.33),
        ("2 ** 10", 1024),
        ("3 < 4", True),
        ("1 if 2 > 3 else 0", 0),
        ("sum((1, 2, 3)) / len([1, 2, 3])", 2.0),
        ("not 0", True),
    ],
)
def test_the_calculator_knows_arithmetic(expression: str, value: Any) -> None:
    assert calculator(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').getpid()",
        "().__class__",
        "9 ** 9 ** 9",
        "[1] * 10**9",
        "'a' * 3",
        "1 / 0",
        "(" * 1000,
        "1 +" * LONGEST,
        "1if 2 else 3",
        "max(*[1, 2])",
        "lambda: 1",
        "1 < 2 < 3",
        "10 ** 2000 * 10 ** 2000",
    ],
)
def test_what_is_no_small_arithmetic_fails_in_words(expression: str) -> None:
    assert str(calculator(expression)).startswith("Failed to evaluate expression: ")


def test_a_result_reads_back_as_it_was_printed() -> None:
    assert ast.literal_eval(str(calculator("0.1 + 0.2"))) == 0.1 + 0.2
