"""Two lists, or a list and a value: what they share, where something is, how often it occurs."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from codeact.tasks.families.expected import Expected, Names, Number, Numbers
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.lists import shown
from codeact.tasks.families.names import Kind

KINDS: tuple[Kind, ...] = ("person", "person", "good", "city", "word")
WORDS = 0.35
"""How often a list is of words where it may be of numbers."""


def entries(draw: Draw, count: int) -> list[Any]:
    """Different numbers, or different words of one kind."""
    if draw.chance(WORDS):
        return list(draw.several(draw.pick(KINDS), count))
    return draw.sample(range(1, draw.pick((20, 50, 100))), count)


def literal(values: list[Any]) -> str:
    return json.dumps(values)


def listed(draw: Draw, *lists: list[Any]) -> list[str]:
    """Lists as people type them, all in one style that shows where each ends."""
    style = draw.pick((literal, literal, _bracketed, _plain, _plain))
    return [style(each) for each in lists]


def _plain(values: list[Any]) -> str:
    return ", ".join(map(str, values))


def _bracketed(values: list[Any]) -> str:
    return f"[{_plain(values)}]"


def _printed(selected: str, values: list[Any]) -> str:
    """An action that prints what a generator selects."""
    return f'", ".join({selected})' if isinstance(values[0], str) else f"*[{selected}]"


def _found(values: list[Any], others: list[Any], *, ordered: bool) -> Expected:
    if isinstance(others[0], str):
        return Names(values, others, ordered=ordered)
    return Numbers(values, others=others, ordered=ordered)


def about_two(*answers: str, shared: bool) -> Callable[[Draw], Case]:
    """A task about two lists that overlap: what is in both, or in the first one only."""
    selected = "x for x in a if x in b" if shared else "x for x in a if x not in b"

    def build(draw: Draw) -> Case:
        both, left, right = draw.integer(1, 3), draw.integer(1, 4), draw.integer(1, 4)
        pool = entries(draw, both + left + right)
        a = draw.shuffled(pool[: both + left])
        b = draw.shuffled(pool[:both] + pool[both + left :])
        kept = [each for each in a if (each in b) == shared]
        first, second = listed(draw, a, b)
        return Case(
            slots={"a": first, "b": second},
            code=(f"a = {literal(a)}\nb = {literal(b)}\nprint({_printed(selected, a)})",),
            expected=_found(kept, [*a, *b], ordered=False),
            answers=answers,
            plain=False,
        )

    return build


def _merged(draw: Draw) -> Case:
    count = draw.integer(2, 5)
    pool = entries(draw, count + draw.integer(2, 5))
    a, b = pool[:count], pool[count:]
    if draw.chance(0.5):
        a, b = sorted(a), sorted(b)
    first, second = listed(draw, a, b)
    show = '", ".join(sorted(a + b))' if isinstance(a[0], str) else "*sorted(a + b)"
    return Case(
        slots={"a": first, "b": second},
        code=(f"a = {literal(a)}\nb = {literal(b)}\nprint({show})",),
        expected=_found(sorted(pool), pool, ordered=True),
        answers=("{out}", "Merged: {out}"),
        plain=False,
    )


def _dot(draw: Draw) -> Case:
    size, low = draw.integer(2, 4), draw.pick((1, 1, -9))
    a, b = ([draw.integer(low, 12) for _ in range(size)] for _ in range(2))
    first, second = (str(each) for each in (a, b))
    if draw.chance(0.4):
        first, second = (f"({each[1:-1]})" for each in (first, second))
    return Case(
        slots={"a": first, "b": second},
        code=(f"a = {a}\nb = {b}\nprint(sum(x * y for x, y in zip(a, b)))",),
        expected=Number(sum(x * y for x, y in zip(a, b, strict=True))),
        answers=("The dot product is {out}.", "It is {out}."),
    )


def _amount(value: int, values: list[Any]) -> Expected:
    """A number about a list; the request may have it too, in the list and beside it."""
    if isinstance(values[0], str):
        return Number(value)
    return Numbers([value], others=[*values, value])


def _count(draw: Draw) -> Case:
    pool = entries(draw, draw.integer(2, 4))
    value, *rest = pool
    values = [value] * draw.integer(1, 4) + rest + draw.sample(rest, draw.integer(0, 1))
    values = draw.shuffled(values)
    return Case(
        slots={"values": shown(draw, values), "value": str(value)},
        code=(f"values = {literal(values)}\nprint(values.count({json.dumps(value)}))",),
        expected=_amount(values.count(value), values),
        answers=("{value} occurs {out} times.", "{out} times."),
    )


def _position(draw: Draw) -> Case:
    values = entries(draw, draw.integer(3, 8))
    elsewhere = [each for at, each in enumerate(values, 1) if each != at]
    value = draw.pick(elsewhere or values)
    return Case(
        slots={"values": shown(draw, values), "value": str(value)},
        code=(f"values = {literal(values)}\nprint(values.index({json.dumps(value)}) + 1)",),
        expected=_amount(values.index(value) + 1, values),
        answers=("{value} is at position {out}.", "It is number {out}."),
    )


def _totals(draw: Draw) -> Case:
    numbers = [draw.integer(1, draw.pick((9, 30, 100))) for _ in range(draw.integer(3, 7))]
    code = f"from itertools import accumulate\nprint(*accumulate({numbers}))"
    return Case(
        slots={"numbers": shown(draw, numbers)},
        code=(code,),
        expected=Numbers(list(accumulate(numbers)), others=numbers),
        answers=("{out}", "The running totals are {out}."),
        plain=False,
    )


def _paired(draw: Draw) -> Case:
    count = draw.integer(2, 5)
    names, numbers = draw.several("person", count), draw.integers(count, count)
    at = draw.integer(0, count - 1)
    first, second = listed(draw, list(names), list(numbers))
    code = (
        f"names = {literal(list(names))}\nnumbers = {numbers}\n"
        f'print(dict(zip(names, numbers))["{names[at]}"])'
    )
    return Case(
        slots={
            "names": first,
            "numbers": second,
            "name": names[at],
            "column": draw.name("column"),
        },
        code=(code,),
        expected=Numbers([numbers[at]], others=numbers),
        answers=("{name} has {out}.", "The {column} of {name} is {out}.", "It is {out}."),
    )


FAMILIES = (
    Family(
        name="common_elements",
        group="newcomer",
        draw=about_two("{out}", "Both have {out}.", shared=True),
    ),
    Family(
        name="only_in_first",
        group="newcomer",
        draw=about_two("{out}", "Only the first has {out}.", shared=False),
        weight=0.7,
    ),
    Family(name="merged_sorted", group="newcomer", draw=_merged, weight=0.7),
    Family(name="dot_product", group="newcomer", draw=_dot, weight=0.6),
    Family(name="count_value", group="newcomer", draw=_count),
    Family(name="position_of", group="newcomer", draw=_position, weight=0.8),
    Family(name="running_totals", group="newcomer", draw=_totals, weight=0.6),
    Family(name="paired", group="newcomer", draw=_paired, weight=0.7),
)
