"""Small functions to write, with the assertions that they must pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codeact.tasks.families.expected import Says
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.texts import a_word


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a function is for, its body in terms of `x`, and values to try it with."""

    does: tuple[str, ...]
    body: str
    work: Callable[..., object]
    sample: Callable[[Draw], object]


def _number(draw: Draw) -> object:
    return draw.integer(1, 40)


def _numbers(draw: Draw) -> object:
    return draw.integers(2, 4, 30)


PURPOSES = (
    Purpose(
        ("returns the square of a number", "squares a number", "multiplies a number by itself"),
        "return x ** 2",
        lambda x: x**2,
        _number,
    ),
    Purpose(
        ("returns the double of a number", "doubles a number", "multiplies a number by two"),
        "return x * 2",
        lambda x: x * 2,
        _number,
    ),
    Purpose(
        ("says whether a number is even", "tells if a number is even", "checks for even numbers"),
        "return x % 2 == 0",
        lambda x: x % 2 == 0,
        _number,
    ),
    Purpose(
        ("reverses a text", "turns a text around", "returns a text backwards"),
        "return x[::-1]",
        lambda x: x[::-1],
        a_word,
    ),
    Purpose(
        ("returns the length of a text", "counts the characters of a text", "measures a text"),
        "return len(x)",
        lambda x: len(x),
        a_word,
    ),
    Purpose(
        ("writes a text in capitals", "returns a text in upper case", "makes a text upper case"),
        "return x.upper()",
        lambda x: x.upper(),
        a_word,
    ),
    Purpose(
        ("counts the vowels of a text", "returns the number of vowels", "counts vowels"),
        'return sum(c in "aeiou" for c in x)',
        lambda x: sum(c in "aeiou" for c in x),
        a_word,
    ),
    Purpose(
        ("says whether a text is a palindrome", "checks for palindromes", "tests palindromes"),
        "return x == x[::-1]",
        lambda x: x == x[::-1],
        a_word,
    ),
    Purpose(
        ("adds up a list", "returns the sum of a list", "sums a list of numbers"),
        "return sum(x)",
        lambda x: sum(x),
        _numbers,
    ),
    Purpose(
        ("returns the largest number of a list", "finds the maximum of a list", "finds the max"),
        "return max(x)",
        lambda x: max(x),
        _numbers,
    ),
    Purpose(
        ("sorts a list", "returns a sorted list", "puts a list in order"),
        "return sorted(x)",
        lambda x: sorted(x),
        _numbers,
    ),
    Purpose(
        ("removes the first element of a list", "drops the first element", "cuts off the first"),
        "return x[1:]",
        lambda x: x[1:],
        _numbers,
    ),
)


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _write(draw: Draw) -> Case:
    """A function is defined and tried with the assertion of the request; the proof tries more."""
    purpose = draw.pick(PURPOSES)
    name = draw.pick((draw.names.made_up(), f"{draw.names.made_up()}_{draw.name('noun')}"))
    values = [purpose.sample(draw) for _ in range(4)]
    tests = [f"assert {name}({_literal(x)}) == {_literal(purpose.work(x))}" for x in values]
    return Case(
        slots={"name": name, "does": draw.pick(purpose.does), "test": tests[0]},
        code=(f'def {name}(x):\n    {purpose.body}\n{tests[0]}\nprint("passed")',),
        expected=Says(("pass", "works", "correct", "holds")),
        answers=("The function {name} passes the test.", "Done: {name} passed.", "{out}"),
        plain=False,
        proof="\n".join(tests),
    )


FAMILIES = (Family(name="write_function", group="programs", draw=_write, weight=2),)
