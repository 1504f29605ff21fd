"""Cargoes valued in another currency with a tariff on top (the paper's finance domain)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeact.evals.m3tooleval.calculator import calculator
from codeact.evals.m3tooleval.deals import DEALS, Deal
from codeact.evals.m3tooleval.exercise import SHOWN_AS_OBJECT, Exercise
from codeact.tools import Toolbox


def convert_currency(base_price: int | float, conversion_rate: int | float) -> int | float:
    """The price in local currency: base price times conversion rate."""
    return base_price * conversion_rate


def calculate_tariff(price: int | float, tariff_rate: int | float) -> int | float:
    """The tariff on a converted price; the rate is in percent."""
    return price * tariff_rate / 100


def estimate_final_value(price: int | float, tariff: int | float) -> int | float:
    """The final trade value: the price with the tariff added."""
    return price + tariff


def find_minimum(*args: int | float) -> int | float:
    """The smallest of all arguments."""
    return min(args)


def find_maximum(*args: int | float) -> int | float:
    """The largest of all arguments."""
    return max(args)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeCalculator:
    """Seventeen deals."""

    deals: tuple[Deal, ...] = DEALS

    @property
    def name(self) -> str:
        return "trade_calculator"

    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(_exercise(self.name, deal) for deal in self.deals)

    def toolbox(self) -> Toolbox:
        return Toolbox.of(
            [
                convert_currency,
                calculate_tariff,
                estimate_final_value,
                calculator,
                find_minimum,
                find_maximum,
            ]
        )


def _exercise(domain: str, deal: Deal) -> Exercise:
    also: tuple[Any, ...] = ()
    remedy = ""
    issues: tuple[str, ...] = (SHOWN_AS_OBJECT,) if deal.wanted == "all" else ()
    if deal.name == "estimate_final_value":
        lot = deal.lots[0]
        also = (lot.price + lot.tariff,)
        remedy = "the tariff is right as an amount, as it is written, and as a percentage"
        issues = ("the tariff is given in units and scored as a percentage",)
    if deal.name == "quantity_tariff_tradeoff":
        best = max(range(len(deal.lots)), key=lambda index: deal.lots[index].value)
        also = (f"Option {best + 1}", best + 1)
        remedy = "the option is right as well as its value"
        issues = ("the better option is asked for, its value is expected",)
    return Exercise(
        domain=domain,
        name=deal.name,
        instruction=deal.instruction,
        answer=deal.answer,
        also=also,
        remedy=remedy,
        issues=issues,
    )
