"""Word problems of two or three steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codeact.tasks.families.expected import Number
from codeact.tasks.families.family import Case, Draw, Family


def plural(word: str) -> str:
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def _story(
    numbers: Callable[[Draw], Mapping[str, int]],
    code: str,
    value: Callable[[Mapping[str, int]], float],
    *answers: str,
) -> Callable[[Draw], Case]:
    """A story about one or two people and a thing; `code` computes with its numbers."""

    def build(draw: Draw) -> Case:
        drawn = numbers(draw)
        who, other = draw.several("person", 2)
        thing = plural(draw.names.draw("good", made_up=0.15))
        texts = {name: str(number) for name, number in drawn.items()}
        action = code
        for name, text in texts.items():
            action = action.replace("{" + name + "}", text)
        return Case(
            slots={**texts, "who": who, "other": other, "thing": thing},
            code=(action,),
            expected=Number(value(drawn), 0.0051),
            answers=answers,
        )

    return build


def _gives(draw: Draw) -> dict[str, int]:
    a, b = draw.integer(8, 90), draw.integer(2, 60)
    return {"a": a, "b": b, "c": draw.integer(1, a + b - 1)}


def _boxes(draw: Draw) -> dict[str, int]:
    a, b = draw.integer(2, 30), draw.integer(3, 40)
    return {"a": a, "b": b, "c": draw.integer(1, a * b - 1)}


def _shop(draw: Draw) -> dict[str, int]:
    a, b = draw.integer(2, 12), draw.integer(2, 30)
    return {"a": a, "b": b, "c": a * b + draw.integer(1, 60)}


def _wage(draw: Draw) -> dict[str, int]:
    return {"a": draw.integer(9, 60), "b": draw.integer(3, 10), "c": draw.integer(2, 6)}


def _shares(draw: Draw) -> dict[str, int]:
    c, each = draw.integer(2, 9), draw.integer(2, 20)
    whole = c * each
    a = draw.integer(1, whole - 1)
    return {"a": a, "b": whole - a, "c": c}


def _times(draw: Draw) -> dict[str, int]:
    return {"a": draw.integer(2, 60), "b": draw.integer(2, 9)}


def _saves(draw: Draw) -> dict[str, int]:
    return {"a": draw.integer(5, 300), "b": draw.integer(5, 90), "c": draw.integer(3, 30)}


def _pages(draw: Draw) -> dict[str, int]:
    b, c = draw.integer(5, 40), draw.integer(2, 9)
    return {"a": b * c + draw.integer(10, 300), "b": b, "c": c}


def _ages(draw: Draw) -> dict[str, int]:
    return {"a": draw.integer(4, 60), "b": draw.integer(2, 20), "c": draw.integer(2, 15)}


FAMILIES = (
    Family(
        name="story_gives",
        group="newcomer",
        draw=_story(
            _gives,
            "print({a} + {b} - {c})",
            lambda n: n["a"] + n["b"] - n["c"],
            "{who} has {out} {thing} now.",
            "{out} {thing}.",
        ),
    ),
    Family(
        name="story_boxes",
        group="newcomer",
        draw=_story(
            _boxes,
            "print({a} * {b} - {c})",
            lambda n: n["a"] * n["b"] - n["c"],
            "There are {out} {thing} left.",
            "{out} {thing}.",
        ),
    ),
    Family(
        name="story_change",
        group="newcomer",
        draw=_story(
            _shop,
            "print({c} - {a} * {b})",
            lambda n: n["c"] - n["a"] * n["b"],
            "{who} gets {out} back.",
            "The change is {out}.",
        ),
    ),
    Family(
        name="story_wage",
        group="newcomer",
        draw=_story(
            _wage,
            "print({a} * {b} * {c})",
            lambda n: n["a"] * n["b"] * n["c"],
            "{who} earns {out}.",
            "{out}.",
        ),
    ),
    Family(
        name="story_shares",
        group="newcomer",
        draw=_story(
            _shares,
            "print(({a} + {b}) // {c})",
            lambda n: (n["a"] + n["b"]) // n["c"],
            "Each gets {out} {thing}.",
            "{out} each.",
        ),
    ),
    Family(
        name="story_times",
        group="newcomer",
        draw=_story(
            _times,
            "print({a} + {a} * {b})",
            lambda n: n["a"] + n["a"] * n["b"],
            "Together they have {out} {thing}.",
            "{out} {thing}.",
        ),
    ),
    Family(
        name="story_saves",
        group="newcomer",
        draw=_story(
            _saves,
            "print({a} + {b} * {c})",
            lambda n: n["a"] + n["b"] * n["c"],
            "{who} has {out} then.",
            "{out}.",
        ),
    ),
    Family(
        name="story_pages",
        group="newcomer",
        draw=_story(
            _pages,
            "print({a} - {b} * {c})",
            lambda n: n["a"] - n["b"] * n["c"],
            "There are {out} pages left.",
            "{out} pages.",
        ),
    ),
    Family(
        name="story_ages",
        group="newcomer",
        draw=_story(
            _ages,
            "print({a} + {b} + {c})",
            lambda n: n["a"] + n["b"] + n["c"],
            "{other} will be {out}.",
            "{out} years old.",
        ),
    ),
)
