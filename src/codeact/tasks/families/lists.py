"""Lists of numbers: averages and other statistics, sorting, filtering, sequences."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from codeact.tasks.families.expected import Expected, Number, Numbers
from codeact.tasks.families.family import Case, Draw, Family

Made = tuple[str, Expected]


def some_numbers(draw: Draw) -> list[int]:
    top = draw.pick((10, 20, 100, 100, 1000, 5000))
    numbers = [draw.integer(1, top) for _ in range(draw.integer(3, 9))]
    if draw.chance(0.15):
        numbers[0] = -numbers[0]
    return numbers


def shown(draw: Draw, numbers: Sequence[Any]) -> str:
    """A list as people type it."""
    text = ", ".join(map(str, numbers))
    style = draw.integer(0, 5)
    if style == 0:
        return f"[{text}]"
    if style == 1:
        return " ".join(map(str, numbers))
    if style == 2 and len(numbers) > 2:
        return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
    return text


def about_numbers(
    made: Callable[[Draw, list[int]], Made],
    *answers: str,
    source: Callable[[Draw], list[int]] = some_numbers,
    plain: bool = True,
) -> Callable[[Draw], Case]:
    """A task about a list of numbers, which the action calls `numbers`."""

    def build(draw: Draw) -> Case:
        numbers = source(draw)
        code, expected = made(draw, numbers)
        return Case(
            slots={"numbers": shown(draw, numbers)},
            code=(f"numbers = {numbers}\n{code}",),
            expected=expected,
            answers=answers or ("{out}",),
            plain=plain,
        )

    return build


def _some_of(numbers: Sequence[int], wanted: Sequence[int]) -> Numbers:
    """These of the numbers, and none of the others."""
    return Numbers(wanted, others=numbers)


def _mean(draw: Draw, numbers: list[int]) -> Made:
    expected = Number(statistics.fmean(numbers), 0.0051)
    return "print(round(sum(numbers) / len(numbers), 2))", expected


def _median(draw: Draw, numbers: list[int]) -> Made:
    code = "print(statistics.median(numbers))"
    return f"import statistics\n{code}", Number(statistics.median(numbers))


def _deviation(draw: Draw, numbers: list[int]) -> Made:
    code = "import statistics\nprint(round(statistics.stdev(numbers), 2))"
    return code, Number(statistics.stdev(numbers), 0.0051)


def _mode(draw: Draw, numbers: list[int]) -> Made:
    return "import statistics\nprint(statistics.mode(numbers))", Number(statistics.mode(numbers))


def with_mode(draw: Draw) -> list[int]:
    numbers = draw.integers(3, 6, 60)
    return draw.shuffled([*numbers, numbers[0], *numbers[:1]])


def _sum(draw: Draw, numbers: list[int]) -> Made:
    return "print(sum(numbers))", Number(sum(numbers))


def _largest(draw: Draw, numbers: list[int]) -> Made:
    return "print(max(numbers))", Number(max(numbers))


def _smallest(draw: Draw, numbers: list[int]) -> Made:
    return "print(min(numbers))", Number(min(numbers))


def _range(draw: Draw, numbers: list[int]) -> Made:
    return "print(max(numbers) - min(numbers))", Number(max(numbers) - min(numbers))


def _second(draw: Draw, numbers: list[int]) -> Made:
    return "print(sorted(numbers)[-2])", Number(sorted(numbers)[-2])


def different(draw: Draw) -> list[int]:
    return draw.integers(4, 8, draw.pick((20, 100, 1000)))


def _sorted(draw: Draw, numbers: list[int]) -> Made:
    return "print(*sorted(numbers))", Numbers(sorted(numbers))


def _descending(draw: Draw, numbers: list[int]) -> Made:
    return "print(*sorted(numbers, reverse=True))", Numbers(sorted(numbers, reverse=True))


def _reversed(draw: Draw, numbers: list[int]) -> Made:
    return "print(*numbers[::-1])", Numbers(numbers[::-1])


def _even(draw: Draw, numbers: list[int]) -> Made:
    return "print(*[n for n in numbers if n % 2 == 0])", _some_of(
        numbers, [n for n in numbers if n % 2 == 0]
    )


def _odd(draw: Draw, numbers: list[int]) -> Made:
    return "print(*[n for n in numbers if n % 2 == 1])", _some_of(
        numbers, [n for n in numbers if n % 2 == 1]
    )


def with_both(draw: Draw) -> list[int]:
    """At least one even and one odd number."""
    numbers = draw.integers(4, 8, draw.pick((20, 100, 1000)))
    return draw.shuffled([*numbers, 2 * draw.integer(1, 40), 2 * draw.integer(1, 40) + 1])


def _distinct(draw: Draw, numbers: list[int]) -> Made:
    return "print(*dict.fromkeys(numbers))", _some_of(numbers, list(dict.fromkeys(numbers)))


def with_doubles(draw: Draw) -> list[int]:
    numbers = draw.integers(3, 5, 50)
    return draw.shuffled([*numbers, *draw.sample(numbers, draw.integer(1, 3))])


def _squares(draw: Draw, numbers: list[int]) -> Made:
    return "print(*[n ** 2 for n in numbers])", Numbers([n**2 for n in numbers])


def _square_sum(draw: Draw, numbers: list[int]) -> Made:
    return "print(sum(n ** 2 for n in numbers))", Number(sum(n**2 for n in numbers))


def _product(draw: Draw, numbers: list[int]) -> Made:
    product = 1
    for each in numbers:
        product *= each
    return "import math\nprint(math.prod(numbers))", Number(product)


def few(draw: Draw) -> list[int]:
    return draw.integers(3, 5, 30)


def _above(draw: Draw) -> Case:
    numbers = different(draw)
    limit = sorted(numbers)[draw.integer(0, len(numbers) - 2)]
    return Case(
        slots={"numbers": shown(draw, numbers), "limit": str(limit)},
        code=(f"numbers = {numbers}\nprint(sum(n > {limit} for n in numbers))",),
        expected=Number(sum(n > limit for n in numbers)),
        answers=("There are {out}.", "{out} of them."),
    )


def _next(draw: Draw) -> Case:
    """An arithmetic or geometric sequence that goes on."""
    first, step = draw.integer(1, 40), draw.integer(2, 12)
    terms = [first + step * n for n in range(5)]
    code = "print(terms[-1] + (terms[1] - terms[0]))"
    if draw.chance(0.3):
        step = draw.integer(2, 4)
        terms = [first * step**n for n in range(5)]
        code = "print(terms[-1] * (terms[1] // terms[0]))"
    *seen, wanted = terms
    return Case(
        slots={"terms": ", ".join(map(str, seen))},
        code=(f"terms = {seen}\n{code}",),
        expected=Number(wanted),
        answers=("The next number is {out}.", "{out} comes next."),
    )


def _table(draw: Draw) -> Case:
    number, count = draw.integer(2, 60), draw.integer(3, 10)
    return Case(
        slots={"number": str(number), "count": str(count)},
        code=(f"print(*[{number} * i for i in range(1, {count} + 1)])",),
        expected=Numbers([number * i for i in range(1, count + 1)]),
        answers=("{out}", "Here they are: {out}"),
        plain=False,
    )


FAMILIES = (
    Family(
        name="average",
        group="newcomer",
        draw=about_numbers(_mean, "The average is {out}.", "The mean is {out}."),
        weight=2,
    ),
    Family(name="median", group="newcomer", draw=about_numbers(_median, "The median is {out}.")),
    Family(
        name="deviation",
        group="newcomer",
        draw=about_numbers(_deviation, "The standard deviation is {out}.", source=different),
        weight=0.7,
    ),
    Family(
        name="mode",
        group="newcomer",
        draw=about_numbers(_mode, "The mode is {out}.", source=with_mode),
        weight=0.6,
    ),
    Family(
        name="list_sum",
        group="newcomer",
        draw=about_numbers(_sum, "The sum is {out}.", "They add up to {out}."),
        weight=1.5,
    ),
    Family(name="largest", group="newcomer", draw=about_numbers(_largest, "The largest is {out}.")),
    Family(
        name="smallest", group="newcomer", draw=about_numbers(_smallest, "The smallest is {out}.")
    ),
    Family(
        name="list_range",
        group="newcomer",
        draw=about_numbers(_range, "The range is {out}."),
        weight=0.6,
    ),
    Family(
        name="second_largest",
        group="newcomer",
        draw=about_numbers(_second, "The second largest is {out}.", source=different),
    ),
    Family(
        name="sort_numbers",
        group="newcomer",
        draw=about_numbers(_sorted, "{out}", "Sorted: {out}", plain=False),
        weight=1.3,
    ),
    Family(
        name="sort_descending",
        group="newcomer",
        draw=about_numbers(_descending, "{out}", "Sorted: {out}", plain=False),
    ),
    Family(
        name="reverse_list",
        group="newcomer",
        draw=about_numbers(_reversed, "{out}", "Reversed: {out}", plain=False),
        weight=0.7,
    ),
    Family(
        name="even_numbers",
        group="newcomer",
        draw=about_numbers(_even, "{out}", "The even ones are {out}.", source=with_both),
    ),
    Family(
        name="odd_numbers",
        group="newcomer",
        draw=about_numbers(_odd, "{out}", "The odd ones are {out}.", source=with_both),
        weight=0.7,
    ),
    Family(
        name="distinct",
        group="newcomer",
        draw=about_numbers(_distinct, "{out}", source=with_doubles, plain=False),
        weight=0.8,
    ),
    Family(
        name="squares",
        group="newcomer",
        draw=about_numbers(_squares, "{out}", "The squares are {out}.", source=few),
        weight=0.8,
    ),
    Family(
        name="square_sum",
        group="newcomer",
        draw=about_numbers(_square_sum, "The sum is {out}.", source=few),
        weight=0.7,
    ),
    Family(
        name="product",
        group="newcomer",
        draw=about_numbers(_product, "The product is {out}.", source=few),
        weight=0.8,
    ),
    Family(name="count_above", group="newcomer", draw=_above, weight=0.8),
    Family(name="next_term", group="newcomer", draw=_next, weight=0.8),
    Family(name="times_table", group="newcomer", draw=_table, weight=0.7),
)
