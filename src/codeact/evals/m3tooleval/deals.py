"""The trade domain's world: cargoes, and what is asked about their final values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Wanted = Literal["least", "greatest", "all", "difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """A cargo: `price` a unit in credits; `change` of the price and `tariff` in percent."""

    quantity: int = 1
    price: float = 1
    rate: float = 1
    tariff: float
    change: float = 0

    @property
    def cut(self) -> float:
        """The change as a reduction."""
        return -self.change

    @property
    def value(self) -> float:
        price = self.price + self.price * self.change / 100
        converted = self.quantity * price * self.rate
        return converted + converted * self.tariff / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """Lots and a question about them, whose figures are left open in `text`."""

    name: str
    text: str
    lots: tuple[Lot, ...]
    wanted: Wanted = "greatest"

    @property
    def instruction(self) -> str:
        first, last = self.lots[0], self.lots[-1]
        return self.text.format(
            *self.lots,
            more_tariff=round(last.tariff - first.tariff, 6),
            less_rate=round(first.rate - last.rate, 6),
        )

    @property
    def answer(self) -> Any:
        values = [lot.value for lot in self.lots]
        match self.wanted:
            case "least":
                return min(values)
            case "greatest":
                return max(values)
            case "all":
                return values
            case "difference":
                return values[0] - values[1]


_THREE = "Answer with a list of the three values, such as 'Answer: [1000, 2000, 3000]'."
_TWO = "Answer with a list of the two values, today's first, such as 'Answer: [1000, 2000]'."

DEALS: tuple[Deal, ...] = (
    Deal(
        name="estimate_final_value",
        text="A good costs {0.price} units and carries a tariff of {0.tariff} units. Estimate its "
        "final trade value.",
        lots=(Lot(price=150, tariff=7.5),),
    ),
    Deal(
        name="interstellar_trade_transaction",
        text="A trader between the stars exchanges {0.quantity} units of space ore at a base price "
        "of {0.price} galactic credits a unit. The conversion rate to local currency is {0.rate} "
        "and the tariff rate is {0.tariff}%. What is the final trade value in local currency?",
        lots=(Lot(quantity=100, price=50, rate=1.5, tariff=8),),
    ),
    Deal(
        name="taxed_commodity_export",
        text="A trader exports {0.quantity} units of a rare mineral. A unit has a base price of "
        "{0.price} galactic credits, today's conversion rate to the universal trade currency (UTC) "
        "is {0.rate}, and exporting this mineral is taxed by a tariff of {0.tariff}%. What is the "
        "total cost in UTC, tariff included?",
        lots=(Lot(quantity=200, price=120, rate=2.0, tariff=5),),
    ),
    Deal(
        name="best_trade_route_selection",
        text="A cargo of {0.quantity} units of space spices can be sold along three routes. The "
        "first has a conversion rate of {0.rate} and a tariff rate of {0.tariff}%, the second "
        "{1.rate} and {1.tariff}%, the third {2.rate} and {2.tariff}%. Apply conversion and tariff "
        "to the cargo for each of them and answer with the smallest final trade value.",
        lots=(
            Lot(quantity=500, rate=1.3, tariff=7),
            Lot(quantity=500, rate=1.4, tariff=9),
            Lot(quantity=500, rate=1.2, tariff=4),
        ),
        wanted="least",
    ),
    Deal(
        name="most_profitable_conversion_rate",
        text="A trader wants to convert {0.quantity} units of a precious liquid in one of several "
        "currency markets, which offer conversion rates of {0.rate}, {1.rate} and {2.rate}. A unit "
        "has a fixed base price of {0.price} galactic credits, and every market takes the same "
        "tariff of {0.tariff}%. What is the final trade value at the rate that pays best? Answer "
        "with that value.",
        lots=tuple(Lot(quantity=1000, price=300, rate=r, tariff=10) for r in (2.5, 2.3, 2.7)),
    ),
    Deal(
        name="bulk_trade_quantity_discount",
        text="A merchant gives a discount on labor robots to whoever buys 2000 units or more. A "
        "unit has a base price of {0.price} galactic credits; from 2000 units on it is {0.cut}% "
        "cheaper. The conversion rate is {0.rate} and the tariff rate {0.tariff}%. After discount, "
        "conversion and tariff, what do {0.quantity} units cost in total?",
        lots=(Lot(quantity=2500, price=1500, rate=1.8, tariff=12, change=-5),),
    ),
    Deal(
        name="comparative_profit_analysis",
        text="Two commodities are compared. The first has a base price of {0.price} credits a "
        "unit, a conversion rate of {0.rate} and a tariff rate of {0.tariff}%, and {0.quantity} "
        "units of it are for sale. For the second the base price is {1.price} credits a unit, the "
        "conversion rate {1.rate}, the tariff rate {1.tariff}% and the quantity {1.quantity} "
        "units. Which final trade value is the larger one? Answer with that value.",
        lots=(
            Lot(quantity=300, price=100, rate=1.6, tariff=6),
            Lot(quantity=500, price=80, rate=1.8, tariff=5),
        ),
    ),
    Deal(
        name="fluctuating_conversion_rates_impact",
        text="How do changing conversion rates move the value of a commodity that has a base price "
        "of {0.price} credits a unit and a tariff rate of {0.tariff}%? Work out the final trade "
        "values of {0.quantity}, {1.quantity} and {2.quantity} units at conversion rates of "
        "{0.rate}, {1.rate} and {2.rate} respectively. " + _THREE,
        lots=tuple(
            Lot(quantity=q, price=200, rate=r, tariff=7)
            for q, r in ((100, 1.7), (150, 1.5), (200, 1.6))
        ),
        wanted="all",
    ),
    Deal(
        name="optimal_trade_route_multiple_commodities",
        text="Three commodities travel on routes of their own: {0.quantity} units at {0.price} "
        "credits a unit with a conversion rate of {0.rate} and a tariff rate of {0.tariff}%; "
        "{1.quantity} units at {1.price} credits, rate {1.rate}, tariff {1.tariff}%; {2.quantity} "
        "units at {2.price} credits, rate {2.rate}, tariff {2.tariff}%. Work out the final trade "
        "value of each and answer with the highest one.",
        lots=(
            Lot(quantity=150, price=200, rate=1.7, tariff=8),
            Lot(quantity=250, price=300, rate=1.5, tariff=5),
            Lot(quantity=100, price=400, rate=2.0, tariff=10),
        ),
    ),
    Deal(
        name="seasonal_price_fluctuation_impact",
        text="The base price of a commodity follows the seasons: {0.price} credits in summer, "
        "{1.price} in autumn, {2.price} in winter. A trader deals with {0.quantity} units at a "
        "conversion rate of {0.rate} and a tariff rate of {0.tariff}%. Work out the final trade "
        "value of each season, in the order summer, autumn, winter. " + _THREE,
        lots=tuple(Lot(quantity=200, price=p, rate=1.8, tariff=7) for p in (200, 250, 180)),
        wanted="all",
    ),
    Deal(
        name="balancing_multiple_trade_offers",
        text="A trader weighs two offers. By the first, {0.quantity} units are sold at {0.price} "
        "credits a unit, with a conversion rate of {0.rate} and a tariff rate of {0.tariff}%. By "
        "the second, {1.quantity} units are bought at {1.price} credits a unit, with a conversion "
        "rate of {1.rate} and a tariff rate of {1.tariff}%. What remains as profit or loss when "
        "the final cost of the second is subtracted from the final revenue of the first?",
        lots=(
            Lot(quantity=300, price=250, rate=1.6, tariff=6),
            Lot(quantity=150, price=220, rate=1.5, tariff=4),
        ),
        wanted="difference",
    ),
    Deal(
        name="dynamic_pricing_strategy",
        text="The price of a commodity follows demand. From a base price of {0.price} credits a "
        "unit it rises by {0.change}% when demand is high and falls by {2.cut}% when it is low. "
        "Look at high demand with {0.quantity} units, normal demand with {1.quantity} and low "
        "demand with {2.quantity}; the conversion rate is always {0.rate} and the tariff rate "
        "{0.tariff}%. Work out the final trade value of each, in this order. " + _THREE,
        lots=tuple(
            Lot(quantity=q, price=300, rate=1.8, tariff=6, change=c)
            for q, c in ((120, 10), (100, 0), (80, -5))
        ),
        wanted="all",
    ),
    Deal(
        name="quantity_tariff_tradeoff",
        text="Should a trader sell more at a higher tariff or less at a lower one? By option 1 "
        "{0.quantity} units go at a tariff rate of {0.tariff}%, by option 2 {1.quantity} units at "
        "a tariff rate of {1.tariff}%. A unit has a base price of {0.price} credits and the "
        "conversion rate is {0.rate}. Work out the final trade value of both options and find the "
        "more profitable one.",
        lots=(
            Lot(quantity=200, price=400, rate=1.7, tariff=10),
            Lot(quantity=150, price=400, rate=1.7, tariff=5),
        ),
    ),
    Deal(
        name="optimizing_bulk_purchase_discounts",
        text="Orders get a discount of {1.cut}% from 1000 units on. Commodity A has a base price "
        "of {0.price} credits a unit, commodity B of {2.price}. Consider buying {0.quantity} or "
        "{1.quantity} units of either, at a conversion rate of {0.rate} and a tariff rate of "
        "{0.tariff}%. What is the largest final trade value among these four?",
        lots=tuple(
            Lot(quantity=q, price=p, rate=1.6, tariff=7, change=c)
            for p in (150, 180)
            for q, c in ((950, 0), (1050, -5))
        ),
    ),
    Deal(
        name="currency_fluctuation_hedging",
        text="A trade of {0.quantity} units at {0.price} credits a unit is to be protected against "
        "changing currencies. Work out its final value at conversion rates of {0.rate}, {1.rate} "
        "and {2.rate}, always with a tariff rate of {0.tariff}%, and answer with the smallest one.",
        lots=tuple(Lot(quantity=500, price=250, rate=r, tariff=8) for r in (1.5, 1.65, 1.8)),
        wanted="least",
    ),
    Deal(
        name="variable_tariff_profit_maximization",
        text="A commodity costs {0.price} credits a unit. Three ways of selling it are compared: "
        "{0.quantity} units at a tariff of {0.tariff}%, {1.quantity} units at {1.tariff}% and "
        "{2.quantity} units at {2.tariff}%. The conversion rate is fixed at {0.rate}. What is the "
        "largest final trade value among them?",
        lots=tuple(
            Lot(quantity=q, price=300, rate=1.7, tariff=t)
            for q, t in ((400, 6), (350, 4), (450, 7))
        ),
    ),
    Deal(
        name="long_term_vs_short_term_trade_decisions",
        text="Sell now, or wait for a month? Today {0.quantity} units can be sold at {0.price} "
        "credits a unit with a conversion rate of {0.rate} and a tariff of {0.tariff}%. In a month "
        "the same quantity may fetch a price that is {1.change}% higher, but then the tariff will "
        "have risen by {more_tariff}% (percentage points) and the conversion rate fallen by "
        "{less_rate}. Work out the final trade value of both. " + _TWO,
        lots=(
            Lot(quantity=600, price=200, rate=1.8, tariff=5),
            Lot(quantity=600, price=200, rate=1.6, tariff=7, change=10),
        ),
        wanted="all",
    ),
)
