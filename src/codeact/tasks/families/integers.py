"""What can be asked about one number, or two: even or odd, remainders, digits, cubes, rounding."""

from __future__ import annotations

import math

from codeact.tasks.families.expected import Name, Number, YesNo
from codeact.tasks.families.family import Case, Draw, Family

PERFECT = (6, 28, 496, 8128)
PLACES = (
    *("1 decimal place", "one decimal place", "1 decimal", "one decimal"),
    *("2 decimal places", "two decimal places", "2 decimals", "two decimals"),
    *("3 decimal places", "three decimal places", "3 decimals", "three decimals"),
    *("4 decimal places", "four decimal places", "4 decimals"),
)
COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4}


def a_number(draw: Draw) -> int:
    """Of two digits or of many."""
    return draw.integer(10, 10 ** draw.integer(2, 9))


def verdict(holds: bool, said: str) -> tuple[str, ...]:
    """Answers of yes or no; `{is}` in what is said becomes "is" or "is not"."""
    word, link = ("Yes", "is") if holds else ("No", "is not")
    return (f"{word}, {said.replace('{is}', link)}.", f"{word}.")


def _parity(draw: Draw) -> Case:
    n = draw.integer(1, 100) if draw.chance(0.5) else a_number(draw)
    return Case(
        slots={"n": str(n)},
        code=(f'print("even" if {n} % 2 == 0 else "odd")',),
        expected=Name("odd" if n % 2 else "even", ("even", "odd")),
        answers=("{n} is {out}.", "It is {out}."),
    )


def _divisible(draw: Draw) -> Case:
    b = draw.pick((draw.integer(2, 12), draw.integer(2, 12), draw.integer(13, 60)))
    a = b * draw.integer(2, 200) + (draw.integer(1, b - 1) if draw.chance(0.5) else 0)
    return Case(
        slots={"a": str(a), "b": str(b)},
        code=(f"print({a} % {b} == 0)",),
        expected=YesNo(a % b == 0),
        answers=verdict(a % b == 0, "{a} {is} divisible by {b}"),
        plain=False,
    )


def _remainder(draw: Draw) -> Case:
    b = draw.pick((draw.integer(2, 12), draw.integer(3, 30), draw.integer(7, 200)))
    a = draw.integer(b + 1, b * draw.pick((8, 40, 300)))
    return Case(
        slots={"a": str(a), "b": str(b)},
        code=(f"print({a} % {b})",),
        expected=Number(a % b),
        answers=("The remainder is {out}.", "{a} divided by {b} leaves {out}."),
    )


def _reverse(draw: Draw) -> Case:
    n = a_number(draw) // 10 * 10 + draw.integer(1, 9)
    return Case(
        slots={"n": str(n)},
        code=(f"print(str({n})[::-1])",),
        expected=Number(int(str(n)[::-1])),
        answers=("{n} backwards is {out}.", "Reversed, it is {out}."),
    )


def _digits(draw: Draw) -> Case:
    n = draw.integer(10, 10 ** draw.integer(3, 18))
    return Case(
        slots={"n": str(n)},
        code=(f"print(len(str({n})))",),
        expected=Number(len(str(n))),
        answers=("{n} has {out} digits.", "It has {out} digits."),
    )


def _square(draw: Draw) -> Case:
    n = draw.integer(2, draw.pick((12, 40, 200))) ** 2
    n += draw.pick((0, 0, 0, -1, 1, draw.integer(2, 30)))
    square = math.isqrt(n) ** 2 == n
    return Case(
        slots={"n": str(n)},
        code=(f"import math\nprint(math.isqrt({n}) ** 2 == {n})",),
        expected=YesNo(square),
        answers=verdict(square, "{n} {is} a perfect square"),
        plain=False,
    )


def _perfect(draw: Draw) -> Case:
    n = draw.pick(PERFECT) if draw.chance(0.35) else draw.integer(2, draw.pick((60, 600, 9000)))
    return Case(
        slots={"n": str(n)},
        code=(f"n = {n}\nprint(sum(d for d in range(1, n) if n % d == 0) == n)",),
        expected=YesNo(n in PERFECT),
        answers=verdict(n in PERFECT, "{n} {is} a perfect number"),
        plain=False,
    )


COLLATZ_CODE = """\
n = {n}
steps = 0
while n != 1:
    n = n // 2 if n % 2 == 0 else 3 * n + 1
    steps += 1
print(steps)"""


def _collatz(draw: Draw) -> Case:
    n = draw.integer(3, draw.pick((30, 1000)))
    rest, steps = n, 0
    while rest != 1:
        rest = 3 * rest + 1 if rest % 2 else rest // 2
        steps += 1
    return Case(
        slots={"n": str(n)},
        code=(COLLATZ_CODE.format(n=n),),
        expected=Number(steps),
        answers=("It takes {out} steps.", "{n} takes {out} steps."),
    )


def _cube(draw: Draw) -> Case:
    if draw.chance(0.2):
        tenths = draw.integer(11, 99)
        n, code = f"{tenths / 10:g}", f"round({tenths / 10:g} ** 3, 3)"
        value = tenths**3 / 1000
    else:
        whole = draw.integer(2, draw.pick((12, 100, 400)))
        n, code, value = str(whole), f"{whole} ** 3", whole**3
    return Case(
        slots={"n": n},
        code=(f"print({code})",),
        expected=Number(value),
        answers=("The cube of {n} is {out}.", "{n} cubed is {out}."),
    )


def _cube_sum(draw: Draw) -> Case:
    n = draw.integer(2, draw.pick((12, 100)))
    return Case(
        slots={"n": str(n)},
        code=(f"print(sum(i ** 3 for i in range(1, {n} + 1)))",),
        expected=Number(sum(i**3 for i in range(1, n + 1))),
        answers=("The sum of the cubes is {out}.", "The sum is {out}."),
    )


def _round(draw: Draw) -> Case:
    """A number with digits to spare, none of them a five that decides the rounding."""
    places = draw.pick(PLACES)
    count = COUNTS.get(places.split()[0]) or int(places.split()[0])
    whole = draw.pick((draw.integer(0, 9), draw.integer(0, 99), draw.size(2000)))
    kept = "".join(str(draw.integer(0, 9)) for _ in range(count))
    rest = f"{draw.pick((1, 2, 3, 4, 6, 7, 8, 9))}{draw.integer(1, 99)}"
    number = f"{whole}.{kept}{rest[: draw.integer(1, 3)]}"
    value = round(float(number), count)
    return Case(
        slots={"number": number, "places": places},
        code=(f"print(round({number}, {count}))",),
        expected=Number(value, 1e-9),
        answers=("{number} rounded is {out}.", "Rounded to {places}, it is {out}."),
    )


FAMILIES = (
    Family(name="even_or_odd", group="newcomer", draw=_parity, weight=1.3),
    Family(name="divisible", group="newcomer", draw=_divisible),
    Family(name="remainder", group="newcomer", draw=_remainder, weight=1.2),
    Family(name="reverse_number", group="newcomer", draw=_reverse, weight=0.8),
    Family(name="digit_count", group="newcomer", draw=_digits, weight=0.8),
    Family(name="square_test", group="newcomer", draw=_square, weight=0.7),
    Family(name="perfect_number", group="newcomer", draw=_perfect, weight=0.6),
    Family(name="collatz_steps", group="newcomer", draw=_collatz, weight=0.6),
    Family(name="cube", group="newcomer", draw=_cube, weight=0.8),
    Family(name="cube_sum", group="newcomer", draw=_cube_sum, weight=0.6),
    Family(name="round_number", group="newcomer", draw=_round),
)
