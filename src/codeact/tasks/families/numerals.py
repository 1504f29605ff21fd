"""Numbers written otherwise: Roman numerals, and other bases read as decimal numbers."""

from __future__ import annotations

from codeact.tasks.families.everyday import BASES
from codeact.tasks.families.expected import Number, Text
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.warmup import quoted

ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L")),
    *((40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)
POINTS = {"binary": 2, "hexadecimal": 16, "octal": 8}
MARKS = {"binary": "0b", "hexadecimal": "0x", "octal": "0o"}

TO_ROMAN_CODE = """\
n = {n}
values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
letters = "M CM D CD C XC L XL X IX V IV I".split()
roman = ""
for value, letter in zip(values, letters):
    roman += letter * (n // value)
    n %= value
print(roman)"""

FROM_ROMAN_CODE = """\
values = {{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}}
numbers = [values[c] for c in "{roman}"]
total = 0
for n, after in zip(numbers, numbers[1:] + [0]):
    total += n if n >= after else -n
print(total)"""


def roman(number: int) -> str:
    found = ""
    for value, letters in ROMAN:
        count, number = divmod(number, value)
        found += letters * count
    return found


def _some(draw: Draw) -> int:
    """A number that Roman numerals can write; not 1, whose numeral is also a word."""
    low, high = draw.pick(((2, 20), (2, 100), (100, 1000), (1900, 2030), (2, 3999)))
    return draw.integer(low, high)


def _to_roman(draw: Draw) -> Case:
    n = _some(draw)
    return Case(
        slots={"n": str(n)},
        code=(TO_ROMAN_CODE.format(n=n),),
        expected=Text(roman(n)),
        answers=("{n} is {out} in Roman numerals.", "{out}"),
    )


def _from_roman(draw: Draw) -> Case:
    n = _some(draw)
    text = roman(n)
    return Case(
        slots={"roman": quoted(text, draw) if draw.chance(0.25) else text},
        code=(FROM_ROMAN_CODE.format(roman=text),),
        expected=Number(n),
        answers=("{roman} is {out}.", "It is {out}."),
    )


def _from_base(draw: Draw) -> Case:
    base = draw.pick(("binary", "binary", "binary", "hexadecimal", "hexadecimal", "octal"))
    low = 2 if base == "binary" else 10
    number = draw.integer(low, draw.pick((16, 64, 300, 5000)))
    digits = BASES[base][1](number)
    if base == "hexadecimal" and draw.chance(0.4):
        digits = digits.upper()
    if draw.chance(0.15):
        digits = MARKS[base] + digits
    return Case(
        slots={"digits": digits, "base": base},
        code=(f'print(int("{digits}", {POINTS[base]}))',),
        expected=Number(number),
        answers=("{digits} is {out} in decimal.", "In decimal it is {out}."),
    )


FAMILIES = (
    Family(name="to_roman", group="newcomer", draw=_to_roman),
    Family(name="from_roman", group="newcomer", draw=_from_roman, weight=0.8),
    Family(name="from_base", group="newcomer", draw=_from_base),
)
