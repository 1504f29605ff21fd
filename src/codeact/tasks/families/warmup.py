"""Copying: texts and numbers repeated to the letter, tools called with quoted arguments."""

from __future__ import annotations

from typing import Any

from codeact.tasks.families.expected import Number, Numbers, Text
from codeact.tasks.families.family import Case, Draw, Family, made_tool
from codeact.tools import Tool


def phrase(draw: Draw) -> str:
    """A short text of made-up and real words, to be copied."""
    words = [draw.names.draw("word", made_up=0.6) for _ in range(draw.integer(1, 4))]
    text = " ".join(words)
    style = draw.integer(0, 9)
    if style == 0:
        return text.upper()
    if style == 1:
        return text.title()
    if style == 2:
        return f"{text} {draw.code_word()}"
    if style == 3:
        return draw.code_word()
    return text


def quoted(text: str, draw: Draw) -> str:
    mark = draw.pick(('"', '"', "'"))
    return f"{mark}{text}{mark}"


def _echo(draw: Draw) -> Case:
    text = phrase(draw)
    return Case(
        slots={"text": quoted(text, draw)},
        code=(f'print("{text}")',),
        expected=Text(text),
        answers=("{out}", "{out}", 'Here it is: "{out}"'),
        plain=False,
    )


def _echo_numbers(draw: Draw) -> Case:
    numbers = [draw.size(10**6, 2) for _ in range(draw.integer(2, 6))]
    return Case(
        slots={"numbers": ", ".join(map(str, numbers))},
        code=(f"print(*{numbers})",),
        expected=Numbers(numbers),
        answers=("{out}", "Here they are: {out}"),
        plain=False,
    )


def _arithmetic(draw: Draw) -> Case:
    count = draw.pick((2, 2, 2, 3, 3, 4))
    numbers: list[float] = [draw.size(10 ** draw.integer(2, 5), 2) for _ in range(count)]
    if draw.chance(0.2):
        numbers[0] = round(numbers[0] / 7, 2)
    signs = [draw.pick(("+", "-", "*", "*")) for _ in range(count - 1)]
    text = str(numbers[0]) + "".join(
        f" {sign} {number}" for sign, number in zip(signs, numbers[1:], strict=True)
    )
    value = round(_value(numbers, signs), 6)
    shown = text.replace(" ", "") if draw.chance(0.2) else text
    shown = shown.replace("*", draw.pick(("*", "*", "x", "times"))) if " " in shown else shown
    rounds = f"round({text}, 6)" if isinstance(numbers[0], float) else text
    return Case(
        slots={"sum": shown},
        code=(f"print({rounds})",),
        expected=Number(value),
        answers=("{sum} is {out}.", "{sum} = {out}", "That is {out}."),
    )


def _value(numbers: list[float], signs: list[str]) -> float:
    terms = [numbers[0]]
    for sign, number in zip(signs, numbers[1:], strict=True):
        if sign == "*":
            terms[-1] *= number
        else:
            terms.append(number if sign == "+" else -number)
    return sum(terms)


def decoys(draw: Draw, taken: set[str], most: int = 2) -> list[Tool]:
    """Tools that are offered and not needed."""
    found = []
    for _ in range(draw.integer(0, most)):
        noun = draw.name("noun")
        name = draw.names.tool(noun)
        if name in taken:
            continue
        taken.add(name)
        argument = draw.names.made_up() if draw.chance(0.3) else draw.pick(ARGUMENTS)
        about = draw.pick(("Return the {n}.", "Tell the {n} of something.", "{n} of an entry."))
        hint: Any = draw.pick((str, str, int))
        work = _same_number(draw.integer(1, 99))
        found.append(made_tool(name, [(argument, hint)], int, about.format(n=noun), work))
    return found


def offered(draw: Draw, *tools: Tool) -> tuple[Tool, ...]:
    """The tools that are needed among some that are not, in any order."""
    return tuple(draw.shuffled([*tools, *decoys(draw, {each.name for each in tools})]))


def _same_number(value: int) -> Any:
    return lambda *args: value


ARGUMENTS = ("name", "key", "item", "text", "word", "place", "code", "value", "target", "label")


def argument(draw: Draw) -> str:
    """The name of a parameter, made up or ordinary."""
    return draw.names.made_up() if draw.chance(0.45) else draw.pick(ARGUMENTS)


def _call(draw: Draw) -> Case:
    """One tool, one or two literal arguments, named in the request."""
    name = draw.names.tool()
    first = phrase(draw)
    count = draw.integer(1, 3)
    values: list[Any] = [first, draw.size(500), draw.names.draw("word", made_up=0.7)][:count]
    if draw.chance(0.3):
        values = [draw.size(5000), draw.size(90)][: draw.integer(1, 2)]
    names: list[str] = []
    while len(names) < len(values):
        each = argument(draw)
        if each not in names:
            names.append(each)
    salt = draw.integer(2, 60)
    returns_word = draw.chance(0.4)
    secret = f"{draw.names.made_up()}-{draw.integer(10, 99)}"

    def work(*args: Any) -> Any:
        if returns_word:
            return secret
        return sum(len(each) if isinstance(each, str) else each for each in args) * salt

    shown = ", ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in values)
    hints = [(each, type(value)) for each, value in zip(names, values, strict=True)]
    about = draw.pick(("Look something up.", "A function of mine.", "Compute a result.", "Try it."))
    tools = [made_tool(name, hints, str if returns_word else int, about, work)]
    tools += decoys(draw, {name}, 3)
    return Case(
        slots={
            "tool": name,
            "args": shown,
            "spoken": " and ".join(shown.split(", ")) if len(values) < 3 else shown,
        },
        code=(f"print({name}({shown}))",),
        expected=Text(secret) if returns_word else Number(work(*values)),
        answers=("{tool} returned {out}.", "It returned {out}.", "{out}"),
        tools=tuple(draw.shuffled(tools)),
    )


FAMILIES = (
    Family(name="echo", group="warmup", draw=_echo),
    Family(name="echo_numbers", group="warmup", draw=_echo_numbers, weight=0.7),
    Family(name="arithmetic", group="newcomer", draw=_arithmetic, weight=1.5),
    Family(name="call", group="warmup", draw=_call, weight=3),
)
