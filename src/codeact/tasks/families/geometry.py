"""Figures and solids: areas, lengths and volumes, with units and without."""

from __future__ import annotations

import math
from collections.abc import Callable

from codeact.tasks.families.expected import Number
from codeact.tasks.families.family import Case, Draw, Family

NEAR = 0.0051
SHORT = ("cm", "m", "mm", "km", "ft")
UNITS = ("", "", "", *SHORT, "cm", "m", "inches", "feet", "meters")
POWERS = {1: "", 2: "square ", 3: "cubic "}
TRIPLES = ((3, 4), (6, 8), (5, 12), (8, 15), (7, 24), (9, 12), (20, 21), (12, 16), (9, 40))

Sides = Callable[[Draw], list[float]]


def side(draw: Draw, top: int = 60) -> float:
    """A length such as people choose: whole, or with one decimal."""
    if draw.chance(0.65):
        return draw.integer(2, draw.pick((12, top, top)))
    return draw.integer(5, 10 * draw.pick((12, top))) / 10


def measured(draw: Draw, values: list[float]) -> tuple[list[str], str]:
    """Lengths as people type them, all in one unit or in none; and that unit."""
    unit = draw.pick(UNITS)
    gap = "" if unit in SHORT and draw.chance(0.3) else " "
    return [f"{each:g}{gap}{unit}".strip() for each in values], unit


def about_figure(
    slots: tuple[str, ...],
    formula: str,
    measure: Callable[..., float],
    noun: str,
    power: int,
    sides: Sides | None = None,
) -> Callable[[Draw], Case]:
    """A task about a figure with some lengths, `slots`; `power` is that of the unit of `noun`."""
    top = {1: 90, 2: 60, 3: 25}[power]

    def build(draw: Draw) -> Case:
        values = sides(draw) if sides else [side(draw, top) for _ in slots]
        shown, unit = measured(draw, values)
        code = formula.format(**{name: f"{v:g}" for name, v in zip(slots, values, strict=True)})
        whole = "math." not in code and all(each == int(each) for each in values)
        action = f"print({code})" if whole else f"print(round({code}, 2))"
        answers = [f"The {noun} is {{out}}.", "It is {out}."]
        if unit:
            answers.append(f"The {noun} is {{out}} {POWERS[power]}{unit}.")
        return Case(
            slots=dict(zip(slots, shown, strict=True)),
            code=(f"import math\n{action}" if "math." in code else action,),
            expected=Number(measure(*values), NEAR),
            answers=tuple(answers),
        )

    return build


def _legs(draw: Draw) -> list[float]:
    if draw.chance(0.45):
        return [float(each) for each in draw.shuffled(draw.pick(TRIPLES))]
    return [side(draw), side(draw)]


def _distance(draw: Draw) -> Case:
    low = draw.pick((0, 0, -20))
    p, q = ((draw.integer(low, 30), draw.integer(low, 30)) for _ in range(2))
    if draw.chance(0.4):
        across, up = draw.pick(TRIPLES)
        q = (p[0] + across, p[1] + up)
    tight = draw.chance(0.3)
    first, second = (str(each).replace(" ", "") if tight else str(each) for each in (p, q))
    return Case(
        slots={"p": first, "q": second},
        code=(f"import math\nprint(round(math.dist({p}, {q}), 2))",),
        expected=Number(math.dist(p, q), NEAR),
        answers=("The distance is {out}.", "The distance between {p} and {q} is {out}."),
    )


FAMILIES = (
    Family(
        name="rectangle_area",
        group="newcomer",
        draw=about_figure(("length", "width"), "{length} * {width}", lambda a, b: a * b, "area", 2),
        weight=1.2,
    ),
    Family(
        name="rectangle_perimeter",
        group="newcomer",
        draw=about_figure(
            ("length", "width"),
            "2 * ({length} + {width})",
            lambda a, b: 2 * (a + b),
            "perimeter",
            1,
        ),
        weight=0.8,
    ),
    Family(
        name="triangle_area",
        group="newcomer",
        draw=about_figure(
            ("base", "height"), "{base} * {height} / 2", lambda a, b: a * b / 2, "area", 2
        ),
    ),
    Family(
        name="circumference",
        group="newcomer",
        draw=about_figure(
            ("radius",), "2 * math.pi * {radius}", lambda r: 2 * math.pi * r, "circumference", 1
        ),
        weight=0.8,
    ),
    Family(
        name="sphere_volume",
        group="newcomer",
        draw=about_figure(
            ("radius",),
            "4 / 3 * math.pi * {radius} ** 3",
            lambda r: 4 / 3 * math.pi * r**3,
            "volume",
            3,
        ),
        weight=0.6,
    ),
    Family(
        name="cylinder_volume",
        group="newcomer",
        draw=about_figure(
            ("radius", "height"),
            "math.pi * {radius} ** 2 * {height}",
            lambda r, h: math.pi * r**2 * h,
            "volume",
            3,
        ),
        weight=0.6,
    ),
    Family(
        name="box_volume",
        group="newcomer",
        draw=about_figure(
            ("length", "width", "height"),
            "{length} * {width} * {height}",
            lambda a, b, c: a * b * c,
            "volume",
            3,
        ),
        weight=0.7,
    ),
    Family(
        name="hypotenuse",
        group="newcomer",
        draw=about_figure(
            ("a", "b"), "math.hypot({a}, {b})", math.hypot, "hypotenuse", 1, sides=_legs
        ),
        weight=0.8,
    ),
    Family(name="point_distance", group="newcomer", draw=_distance, weight=0.6),
)
