"""Policies for the final values of cargoes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from codeact.evals.m3tooleval.policies import Calls, Program, call, printed


class _Cargo(NamedTuple):
    quantity: float
    price: float
    rate: float
    tariff: float
    change: float = 0


def calls(name: str, ask: str) -> Calls:
    figures = _figures(ask)
    if name == "estimate_final_value":
        return (yield call("estimate_final_value", *figures[:2]))
    values = []
    for cargo in _CARGOES[name](figures):
        values.append((yield from _value(cargo)))
    numbers = [_read(value) for value in values]
    if name in _LISTED:
        return f"[{', '.join(values)}]"
    if name in _SUBTRACTED:
        return (yield call("calculator", " - ".join(values)))
    if len(values) == 1:
        return values[0]
    return (yield call("find_minimum" if name in _LEAST else "find_maximum", *numbers))


def program(name: str, ask: str) -> Program:
    figures = _figures(ask)
    if name == "estimate_final_value":
        return printed(f"print(estimate_final_value({figures[0]}, {figures[1]}))")
    wanted = "find_minimum(*values)" if name in _LEAST else "find_maximum(*values)"
    if name in _LISTED:
        wanted = "values"
    if name in _SUBTRACTED:
        wanted = "values[0] - values[1]"
    cargoes = [tuple(cargo) for cargo in _CARGOES[name](figures)]
    return printed(f"""
def value(quantity, price, rate, tariff, change):
    converted = convert_currency(quantity * (price + price * change / 100), rate)
    return estimate_final_value(converted, calculate_tariff(converted, tariff))

values = [value(*cargo) for cargo in {cargoes!r}]
print({wanted})
""")


def _value(cargo: _Cargo) -> Calls:
    price = f"{cargo.price}"
    if cargo.change:
        price = f"({cargo.price} + {cargo.price} * {cargo.change} / 100)"
    total: Any = cargo.quantity
    if cargo.price != 1:
        total = _read((yield call("calculator", f"{cargo.quantity} * {price}")))
    converted = _read((yield call("convert_currency", total, cargo.rate)))
    tariff = _read((yield call("calculate_tariff", converted, cargo.tariff)))
    return (yield call("estimate_final_value", converted, tariff))


def _figures(ask: str) -> list[Any]:
    """The numbers of a question in their order, without those that only count options."""
    counted = re.sub(r"\b(?:[Oo]ption|Offer|Route|Commodity) \d", "", ask)
    return [_read(number) for number in re.findall(r"\d+(?:\.\d+)?", counted)]


def _read(text: str) -> Any:
    return ast.literal_eval(text)


def _one(figures: Sequence[float]) -> list[_Cargo]:
    return [_Cargo(*figures[:4])]


def _routes(figures: Sequence[float]) -> list[_Cargo]:
    rates, tariffs = figures[1:7:2], figures[2:7:2]
    return [_Cargo(figures[0], 1, *pair) for pair in zip(rates, tariffs, strict=True)]


def _markets(figures: Sequence[float]) -> list[_Cargo]:
    quantity, *rates, price, tariff = figures[:6]
    return [_Cargo(quantity, price, rate, tariff) for rate in rates]


def _bulk(figures: Sequence[float]) -> list[_Cargo]:
    at_least, price, _, cut, rate, tariff, quantity = figures[:7]
    return [_Cargo(quantity, price, rate, tariff, -cut if quantity >= at_least else 0)]


def _compared(figures: Sequence[float]) -> list[_Cargo]:
    pairs = (figures[0:4], figures[4:8])
    return [_Cargo(quantity, price, rate, tariff) for price, rate, tariff, quantity in pairs]


def _fluctuating(figures: Sequence[float]) -> list[_Cargo]:
    price, tariff = figures[:2]
    pairs = zip(figures[2:5], figures[5:8], strict=True)
    return [_Cargo(quantity, price, rate, tariff) for quantity, rate in pairs]


def _fours(figures: Sequence[float]) -> list[_Cargo]:
    return [_Cargo(*figures[at : at + 4]) for at in range(0, len(figures), 4)]


def _seasons(figures: Sequence[float]) -> list[_Cargo]:
    quantity, rate, tariff = figures[3:6]
    return [_Cargo(quantity, price, rate, tariff) for price in figures[:3]]


def _demand(figures: Sequence[float]) -> list[_Cargo]:
    price, up, down, high, normal, low, rate, tariff = figures[:8]
    changes = ((high, up), (normal, 0), (low, -down))
    return [_Cargo(quantity, price, rate, tariff, change) for quantity, change in changes]


def _tradeoff(figures: Sequence[float]) -> list[_Cargo]:
    price, rate = figures[4:6]
    return [_Cargo(quantity, price, rate, tariff) for quantity, tariff in _pairs(figures[:4])]


def _orders(figures: Sequence[float]) -> list[_Cargo]:
    cut, at_least, one, other, few, many, rate, tariff = figures[:8]
    return [
        _Cargo(quantity, price, rate, tariff, -cut if quantity >= at_least else 0)
        for price in (one, other)
        for quantity in (few, many)
    ]


def _hedged(figures: Sequence[float]) -> list[_Cargo]:
    quantity, price, *rates, tariff = figures[:6]
    return [_Cargo(quantity, price, rate, tariff) for rate in rates]


def _strategies(figures: Sequence[float]) -> list[_Cargo]:
    price, rate = figures[0], figures[7]
    return [_Cargo(quantity, price, rate, tariff) for quantity, tariff in _pairs(figures[1:7])]


def _terms(figures: Sequence[float]) -> list[_Cargo]:
    quantity, price, rate, tariff, up, more, less = figures[:7]
    now = _Cargo(quantity, price, rate, tariff)
    return [now, _Cargo(quantity, price, round(rate - less, 6), tariff + more, up)]


def _pairs(figures: Sequence[float]) -> list[Sequence[float]]:
    return [figures[at : at + 2] for at in range(0, len(figures), 2)]


_CARGOES: dict[str, Callable[[Sequence[float]], list[_Cargo]]] = {
    "interstellar_trade_transaction": _one,
    "taxed_commodity_export": _one,
    "best_trade_route_selection": _routes,
    "most_profitable_conversion_rate": _markets,
    "bulk_trade_quantity_discount": _bulk,
    "comparative_profit_analysis": _compared,
    "fluctuating_conversion_rates_impact": _fluctuating,
    "optimal_trade_route_multiple_commodities": _fours,
    "seasonal_price_fluctuation_impact": _seasons,
    "balancing_multiple_trade_offers": _fours,
    "dynamic_pricing_strategy": _demand,
    "quantity_tariff_tradeoff": _tradeoff,
    "optimizing_bulk_purchase_discounts": _orders,
    "currency_fluctuation_hedging": _hedged,
    "variable_tariff_profit_maximization": _strategies,
    "long_term_vs_short_term_trade_decisions": _terms,
}
_LEAST = ("best_trade_route_selection", "currency_fluctuation_hedging")
_SUBTRACTED = ("balancing_multiple_trade_offers",)
_LISTED = (
    "fluctuating_conversion_rates_impact",
    "seasonal_price_fluctuation_impact",
    "dynamic_pricing_strategy",
    "long_term_vs_short_term_trade_decisions",
)
