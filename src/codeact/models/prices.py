"""What tokens cost: list prices of widely used models, checked in November 2026; yours come first.

US dollars per million tokens, standard tier, prompts of ordinary length. Names match exactly or
with a date (`gpt-5-mini-2025-08-07`), behind any provider's prefix (`openai/gpt-5-mini`). A model
that is not listed has no price, so a cost budget refuses it and asks for one.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from codeact.errors import ConfigError
from codeact.messages import Usage

NOT_PRICES = """\
Prices must be a table of models, each with the numbers "input", "output" and, where it differs \
from "input", "cached" (US dollars per million tokens), as JSON or TOML: {problem}."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens."""

    input: float
    cached: float
    output: float

    def cost(self, usage: Usage) -> float:
        """US dollars; reasoning is billed as output."""
        fresh = usage.input_tokens - usage.cached_tokens
        return (
            fresh * self.input
            + usage.cached_tokens * self.cached
            + usage.output_tokens * self.output
        ) / MILLION


def _price(input: float, cached: float, output: float) -> Price:
    return Price(input=input, cached=cached, output=output)


FREE = _price(0.0, 0.0, 0.0)

PRICES: Mapping[str, Price] = {
    "gpt-4o": _price(2.50, 1.25, 10.00),
    "gpt-4o-mini": _price(0.15, 0.075, 0.60),
    "gpt-4.1": _price(2.00, 0.50, 8.00),
    "gpt-4.1-mini": _price(0.40, 0.10, 1.60),
    "gpt-4.1-nano": _price(0.10, 0.025, 0.40),
    "o3": _price(2.00, 0.50, 8.00),
    "o4-mini": _price(1.10, 0.275, 4.40),
    "gpt-5": _price(1.25, 0.125, 10.00),
    "gpt-5-mini": _price(0.25, 0.025, 2.00),
    "gpt-5-nano": _price(0.05, 0.005, 0.40),
    "gpt-5.4": _price(2.50, 0.25, 15.00),
    "gpt-5.4-mini": _price(0.75, 0.075, 4.50),
    "gpt-5.4-nano": _price(0.20, 0.02, 1.25),
    "gpt-5.5": _price(5.00, 0.50, 30.00),
    "claude-haiku-4-5": _price(1.00, 0.10, 5.00),
    "claude-sonnet-4-5": _price(3.00, 0.30, 15.00),
    "claude-opus-4-5": _price(5.00, 0.50, 25.00),
}

_DATE = re.compile(r"-(\d{4}-?\d{2}-?\d{2}|latest)$")


def price_of(model: str, prices: Mapping[str, Price] = PRICES) -> Price | None:
    """The price of a model, None where it is unknown."""
    for name in (model, model.rpartition("/")[2]):
        for candidate in (name, _DATE.sub("", name)):
            if candidate in prices:
                return prices[candidate]
    return None


def read_prices(text: str) -> dict[str, Price]:
    """The prices in a JSON or TOML text, over the shipped ones. Raises ConfigError."""
    try:
        table = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(NOT_PRICES.format(problem=error)) from error
    found = dict(PRICES)
    for model, row in table.items():
        try:
            fresh, output = float(row["input"]), float(row["output"])
            found[model] = _price(fresh, float(row.get("cached", fresh)), output)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(NOT_PRICES.format(problem=f"{model!r} is {row!r}")) from error
    return found
