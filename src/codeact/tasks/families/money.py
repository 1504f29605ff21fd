"""Money as people write it: taxes, loans, other currencies, fuel, the price of one piece."""

from __future__ import annotations

from codeact.tasks.families.expected import Number
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.stories import plural

NEAR = 0.0051
CURRENCIES = (
    *("euros", "dollars", "pounds", "francs", "yen", "rupees", "pesos", "kronor", "zloty"),
    *("EUR", "USD", "GBP", "CHF", "JPY", "INR"),
)


def money(draw: Draw, value: float) -> tuple[str, str]:
    """An amount as people write it, and `{out}` as an amount of the same currency."""
    plain = f"{value:.2f}" if value != int(value) or draw.chance(0.15) else f"{value:.0f}"
    if value >= 1000 and draw.chance(0.4):
        plain = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    style = draw.integer(0, 7)
    if style == 0:
        return f"${plain}", "${out}"
    if style in (1, 2):
        called = draw.pick(("dollars", "euros", "euros", "pounds", "EUR", "USD"))
        return f"{plain} {called}", f"{{out}} {called}"
    return plain, "{out}"


def percentage(draw: Draw, rate: float) -> str:
    return draw.pick((f"{rate:g}%", f"{rate:g}%", f"{rate:g} %", f"{rate:g} percent"))


def _vat(draw: Draw) -> Case:
    price = draw.price(draw.pick((50, 500, 2000)))
    rate = draw.pick((5, 7, 8, 10, 12, 15, 16, 19, 19, 20, 20, 21, 22, 25, 5.5, 7.7, 8.25))
    shown, out = money(draw, price)
    return Case(
        slots={"price": shown, "rate": percentage(draw, rate), "good": draw.name("good")},
        code=(f"print(round({price:g} * (1 + {rate:g} / 100), 2))",),
        expected=Number(price * (1 + rate / 100), NEAR),
        answers=(f"With tax it is {out}.", f"The gross price is {out}."),
    )


LOAN_CODE = """\
amount = {amount}
rate = {rate:g} / 100 / 12
months = {years} * 12
print(round(amount * rate / (1 - (1 + rate) ** -months), 2))"""


def _loan(draw: Draw) -> Case:
    amount = draw.pick((1000, 5000, 10_000, 20_000, 100_000, 200_000, 250_000, 300_000))
    if draw.chance(0.4):
        amount = draw.size(500_000, 1000)
    rate = draw.pick((2, 3, 4, 5, 6, 7, 8, 9, 12, 1.5, 2.5, 3.5, 4.5, 3.75, 5.25, 6.9))
    years = draw.pick((2, 3, 4, 5, 7, 10, 15, 20, 25, 30))
    monthly = rate / 1200
    payment = amount * monthly / (1 - (1 + monthly) ** (-12 * years))
    shown, out = money(draw, amount)
    return Case(
        slots={"amount": shown, "rate": percentage(draw, rate), "years": str(years)},
        code=(LOAN_CODE.format(amount=amount, rate=rate, years=years),),
        expected=Number(payment, NEAR),
        answers=(f"The monthly payment is {out}.", f"You pay {out} a month."),
    )


def _currency(draw: Draw) -> Case:
    old, new = draw.sample(CURRENCIES, 2)
    amount = draw.pick((draw.size(2000, 5), draw.price(300)))
    rate = draw.pick((draw.integer(50, 199) / 100, draw.integer(5000, 19_999) / 10_000))
    if draw.chance(0.25):
        rate = draw.integer(20, 1600) / 10
    return Case(
        slots={"amount": f"{amount:g}", "old": old, "new": new, "rate": f"{rate:g}"},
        code=(f"print(round({amount:g} * {rate:g}, 2))",),
        expected=Number(amount * rate, NEAR),
        answers=("{amount} {old} are {out} {new}.", "{out} {new}", "You get {out} {new}."),
    )


def _fuel(draw: Draw) -> Case:
    distance = draw.size(2000, 20)
    use = draw.pick((draw.integer(4, 12), draw.integer(40, 120) / 10))
    price = draw.integer(110, 239) / 100
    shown, out = money(draw, price)
    return Case(
        slots={
            "distance": f"{distance}{draw.pick((' km', ' km', 'km', ' kilometers'))}",
            "use": f"{use:g}{draw.pick((' litres', ' liters', ' l'))}",
            "price": shown,
        },
        code=(f"print(round({distance} / 100 * {use:g} * {price:g}, 2))",),
        expected=Number(distance / 100 * use * price, NEAR),
        answers=(f"The fuel costs {out}.", f"It costs {out}."),
    )


def _piece(draw: Draw) -> Case:
    count, price = draw.integer(2, draw.pick((12, 50))), draw.price(draw.pick((30, 300)))
    shown, out = money(draw, price)
    goods = plural(draw.names.draw("good", made_up=0.15))
    return Case(
        slots={"price": shown, "count": str(count), "goods": goods},
        code=(f"print(round({price:g} / {count}, 2))",),
        expected=Number(price / count, NEAR),
        answers=(f"One costs {out}.", f"{out} each."),
    )


FAMILIES = (
    Family(name="vat", group="newcomer", draw=_vat),
    Family(name="loan_payment", group="newcomer", draw=_loan),
    Family(name="currency", group="newcomer", draw=_currency, weight=1.2),
    Family(name="fuel_cost", group="newcomer", draw=_fuel, weight=0.8),
    Family(name="unit_price", group="newcomer", draw=_piece, weight=0.8),
)
