"""Prices are found by a model's name, with its date or its provider, and can be replaced."""

from __future__ import annotations

import pytest

from codeact.errors import ConfigError
from codeact.messages import Usage
from codeact.models.prices import PRICES, Price, price_of, read_prices


@pytest.mark.parametrize(
    "name", ["gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini", "gpt-4o-mini-latest"]
)
def test_a_price_is_found_under_every_spelling_of_its_model(name: str) -> None:
    assert price_of(name) == PRICES["gpt-4o-mini"]


@pytest.mark.parametrize("name", ["gpt-5-pro", "gpt-4o-audio-preview", "gpt-5.9", "llama3.1", ""])
def test_a_relative_of_a_listed_model_has_no_price(name: str) -> None:
    assert price_of(name) is None


def test_cached_input_costs_its_own_price() -> None:
    usage = Usage(input_tokens=3_000_000, cached_tokens=1_000_000, output_tokens=2_000_000)
    assert Price(input=1.0, cached=0.1, output=10.0).cost(usage) == pytest.approx(22.1)


@pytest.mark.parametrize(
    "text",
    [
        '{"mine": {"input": 1, "output": 2}, "gpt-4o": {"input": 3, "cached": 1, "output": 4}}',
        "[mine]\ninput = 1\noutput = 2\n[gpt-4o]\ninput = 3\ncached = 1\noutput = 4\n",
    ],
)
def test_prices_from_a_file_come_before_the_shipped_ones(text: str) -> None:
    prices = read_prices(text)
    assert price_of("mine", prices) == Price(input=1, cached=1, output=2)
    assert price_of("gpt-4o", prices) == Price(input=3, cached=1, output=4)
    assert price_of("gpt-5", prices) == PRICES["gpt-5"]


@pytest.mark.parametrize(
    "text", ["{", "= 1", '{"m": {"input": 1}}', '{"m": 3}', 'm = {input = "x", output = 1}']
)
def test_a_file_that_holds_no_prices_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="Prices must be a table"):
        read_prices(text)
