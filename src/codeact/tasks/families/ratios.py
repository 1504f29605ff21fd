"""One number in relation to another: shares in percent, ratios, fractions, the body mass index."""

from __future__ import annotations

import math
from fractions import Fraction

from codeact.tasks.families.expected import Number, Numbers
from codeact.tasks.families.family import Case, Draw, Family

NEAR = 0.0051


def _share(draw: Draw) -> Case:
    whole = draw.pick((draw.size(5000, 8), draw.size(400, 8), draw.integer(8, 80)))
    part = draw.integer(1, whole)
    if draw.chance(0.1):
        part, whole = whole + draw.integer(1, whole), whole
    return Case(
        slots={"part": str(part), "whole": str(whole)},
        code=(f"print(round({part} / {whole} * 100, 2))",),
        expected=Number(part / whole * 100, NEAR),
        answers=("{part} of {whole} is {out}%.", "That is {out} percent.", "{out}%"),
    )


def _ratio(draw: Draw) -> Case:
    common = draw.integer(2, draw.pick((12, 60)))
    a, b = common * draw.integer(1, 20), common * draw.integer(1, 20)
    divisor = math.gcd(a, b)
    code = (
        f'import math\na, b = {a}, {b}\nprint(f"{{a // math.gcd(a, b)}}:{{b // math.gcd(a, b)}}")'
    )
    return Case(
        slots={"a": str(a), "b": str(b)},
        code=(code,),
        expected=Numbers([a // divisor, b // divisor]),
        answers=("{a}:{b} is {out}.", "It is {out}."),
    )


def _fractions(draw: Draw) -> Case:
    """Two proper fractions whose sum is no whole number."""
    while True:
        below = [draw.integer(2, draw.pick((6, 12))) for _ in range(2)]
        above = [draw.integer(1, each - 1) for each in below]
        pairs = list(zip(above, below, strict=True))
        total = sum((Fraction(n, d) for n, d in pairs), Fraction(0))
        if total.denominator > 1:
            break
    first, second = (f"{n}/{d}" for n, d in pairs)
    made = " + ".join(f"Fraction({n}, {d})" for n, d in pairs)
    return Case(
        slots={"first": first, "second": second},
        code=(f"from fractions import Fraction\nprint({made})",),
        expected=Numbers([total.numerator, total.denominator]),
        answers=("{first} + {second} is {out}.", "The sum is {out}."),
    )


def _body_mass(draw: Draw) -> Case:
    kilos = draw.integer(450, 1200) / 10 if draw.chance(0.25) else draw.integer(45, 120)
    centimeters = draw.integer(150, 200)
    if draw.chance(0.5):
        height, unit = f"{centimeters / 100:.2f}", draw.pick((" m", " m", "m", " meters", ""))
        square = f"{centimeters / 100:g} ** 2"
    else:
        height, unit = str(centimeters), draw.pick((" cm", " cm", "cm"))
        square = f"({centimeters} / 100) ** 2"
    weight = f"{kilos:g}{draw.pick((' kg', ' kg', 'kg', ' kilos')) if unit else ''}"
    return Case(
        slots={"weight": weight, "height": f"{height}{unit}", "name": draw.name("person")},
        code=(f"print(round({kilos:g} / {square}, 1))",),
        expected=Number(kilos / (centimeters / 100) ** 2, 0.0501),
        answers=("The BMI is {out}.", "{name} has a BMI of {out}."),
    )


FAMILIES = (
    Family(name="share_percent", group="newcomer", draw=_share, weight=1.2),
    Family(name="ratio", group="newcomer", draw=_ratio, weight=0.7),
    Family(name="fraction_sum", group="newcomer", draw=_fractions, weight=0.8),
    Family(name="bmi", group="newcomer", draw=_body_mass),
)
