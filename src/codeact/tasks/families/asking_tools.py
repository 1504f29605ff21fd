"""Made-up functions about things: asked once, over a list, after one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codeact.tasks.families.expected import Expected, Name, Names, Number, Text
from codeact.tasks.families.family import Case, Draw, Family, Stumble, made_tool
from codeact.tasks.families.names import Kind
from codeact.tasks.families.warmup import argument, offered
from codeact.tools import Tool

KINDS: tuple[Kind, ...] = ("person", "city", "good", "good", "word")


def table(draw: Draw, count: int, *, kind: Kind | None = None) -> dict[str, int]:
    """Things and a different number for each."""
    chosen: Kind = draw.pick(KINDS) if kind is None else kind
    names = draw.several(chosen, count)
    return dict(zip(names, draw.sample(range(2, 900), count), strict=True))


def lookup(draw: Draw, noun: str, values: Mapping[str, Any], *, name: str = "") -> Tool:
    """A tool that knows one number or word of each thing; it says what it does not know."""
    returns = type(next(iter(values.values())))

    def work(asked: str) -> Any:
        if asked not in values:
            raise ValueError(f"{asked!r} is not known. Known: {', '.join(values)}")
        return values[asked]

    about = draw.pick(
        (
            f"The {noun} of one of them.",
            f"Return the {noun}.",
            f"Look up the {noun}.",
            f"Get the {noun} by name.",
            f"Tells the {noun}.",
            f"{noun.capitalize()} of the given name.",
        )
    )
    return made_tool(name or draw.names.tool(noun), [(argument(draw), str)], returns, about, work)


def listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1]


def literal(names: list[str]) -> str:
    return "[" + ", ".join(f'"{each}"' for each in names) + "]"


def _one(draw: Draw) -> Case:
    noun = draw.name("noun")
    values = table(draw, draw.integer(2, 5))
    thing = draw.pick(list(values))
    tool = lookup(draw, noun, values)
    wrong = f'print({tool.name}("{draw.names.made_up()}"))'
    return Case(
        slots={"noun": noun, "thing": thing},
        code=(f'print({tool.name}("{thing}"))',),
        expected=Number(values[thing]),
        answers=("The {noun} of {thing} is {out}.", "{thing}: {out}"),
        tools=offered(draw, tool),
        stumbles=(Stumble(kind="value", at=0, wrong=wrong),),
    )


Over = Callable[[Draw, str, dict[str, int]], tuple[str, Expected, dict[str, str]]]


def _looping(over: Over, *answers: str, plain: bool = True) -> Callable[[Draw], Case]:
    """A tool that has to be called for each thing of a list."""

    def build(draw: Draw) -> Case:
        noun = draw.name("noun")
        values = table(draw, draw.integer(3, 6))
        asked = dict(list(values.items())[: draw.integer(3, len(values))])
        tool = lookup(draw, noun, values)
        code, expected, slots = over(draw, tool.name, asked)
        return Case(
            slots={"noun": noun, "things": listed(list(asked)), **slots},
            code=(code,),
            expected=expected,
            answers=answers,
            tools=offered(draw, tool),
            plain=plain,
        )

    return build


def _lowest(draw: Draw, tool: str, asked: dict[str, int]) -> tuple[str, Expected, dict[str, str]]:
    best = min(asked, key=lambda each: asked[each])
    names = list(asked)
    return f"print(min({literal(names)}, key={tool}))", Name(best, names), {}


def _highest(draw: Draw, tool: str, asked: dict[str, int]) -> tuple[str, Expected, dict[str, str]]:
    best = max(asked, key=lambda each: asked[each])
    names = list(asked)
    return f"print(max({literal(names)}, key={tool}))", Name(best, names), {}


def _total(draw: Draw, tool: str, asked: dict[str, int]) -> tuple[str, Expected, dict[str, str]]:
    code = f"print(sum({tool}(x) for x in {literal(list(asked))}))"
    return code, Number(sum(asked.values())), {}


def _mean(draw: Draw, tool: str, asked: dict[str, int]) -> tuple[str, Expected, dict[str, str]]:
    code = f"values = [{tool}(x) for x in {literal(list(asked))}]\n"
    code += "print(round(sum(values) / len(values), 2))"
    return code, Number(sum(asked.values()) / len(asked), 0.0051), {}


def _above(draw: Draw, tool: str, asked: dict[str, int]) -> tuple[str, Expected, dict[str, str]]:
    limit = sorted(asked.values())[draw.integer(0, len(asked) - 2)] + draw.integer(0, 1)
    over = [each for each in asked if asked[each] > limit]
    if not over:
        limit = min(asked.values())
        over = [each for each in asked if asked[each] > limit]
    names = list(asked)
    code = f'print(", ".join(x for x in {literal(names)} if {tool}(x) > {limit}))'
    return code, Names(over, names, ordered=False), {"limit": str(limit)}


def _ranked(draw: Draw, tool: str, asked: dict[str, int]) -> tuple[str, Expected, dict[str, str]]:
    names = list(asked)
    code = f'print(", ".join(sorted({literal(names)}, key={tool})))'
    return code, Names(sorted(asked, key=lambda each: asked[each]), names), {}


def _difference(
    draw: Draw, tool: str, asked: dict[str, int]
) -> tuple[str, Expected, dict[str, str]]:
    a, b = sorted(list(asked)[:2], key=lambda each: -asked[each])
    code = f'print({tool}("{a}") - {tool}("{b}"))'
    return code, Number(asked[a] - asked[b]), {"a": a, "b": b}


def _compose(draw: Draw) -> Case:
    """The first tool's answer is the second one's question."""
    inner, outer = draw.several("noun", 2)
    places = table(draw, draw.integer(2, 4), kind=draw.pick(("word", "city")))
    things = draw.several(draw.pick(("person", "good")), len(places))
    leads = dict(zip(things, draw.shuffled(list(places)), strict=True))
    first = lookup(draw, inner, leads)
    second = lookup(draw, outer, places)
    while second.name == first.name:
        second = lookup(draw, outer, places)
    thing = draw.pick(things)
    return Case(
        slots={"inner": inner, "outer": outer, "thing": thing},
        code=(f'found = {first.name}("{thing}")\nprint({second.name}(found))',),
        expected=Number(places[leads[thing]]),
        answers=("The {outer} is {out}.", "The {outer} of the {inner} of {thing} is {out}."),
        tools=offered(draw, first, second),
        stumbles=(Stumble(kind="value", at=0, wrong=f'print({second.name}("{thing}"))'),),
    )


def _purchase(draw: Draw) -> Case:
    """Price times quantity, over a shopping list."""
    noun = draw.pick(("price", "cost")) if draw.chance(0.7) else draw.name("noun")
    values = table(draw, draw.integer(2, 5), kind="good")
    bought = {each: draw.integer(2, 12) for each in list(values)[: draw.integer(2, 3)]}
    tool = lookup(draw, noun, values)
    spoken = [f"{count} {each}" for each, count in bought.items()]
    basket = ", ".join(f'"{each}": {count}' for each, count in bought.items())
    code = f"basket = {{{basket}}}\nprint(sum({tool.name}(x) * n for x, n in basket.items()))"
    return Case(
        slots={"noun": noun, "basket": listed(spoken)},
        code=(code,),
        expected=Number(sum(values[each] * count for each, count in bought.items())),
        answers=("The total is {out}.", "Together that is {out}."),
        tools=offered(draw, tool),
    )


def _convert(draw: Draw) -> Case:
    """A tool with several parameters in an order of its own."""
    units = draw.names.several("word", 2, made_up=0.85)
    factor = draw.integer(2, 40)
    amount = draw.size(900)
    words = draw.shuffled(["amount", "source", "target"])
    labels = {
        "amount": draw.pick(("amount", "value", "quantity", draw.names.made_up())),
        "source": draw.pick(("source", "from_unit", "start", "before")),
        "target": draw.pick(("target", "to_unit", "goal", "after")),
    }
    places = {word: place for place, word in enumerate(words)}

    def work(*args: Any) -> int:
        if [args[places["source"]], args[places["target"]]] != units:
            raise ValueError(f"Only from {units[0]!r} to {units[1]!r} is possible.")
        return int(args[places["amount"]]) * factor

    name = draw.pick((draw.names.tool("rate"), f"convert_{draw.names.made_up()}", "convert"))
    given = {"amount": str(amount), "source": f'"{units[0]}"', "target": f'"{units[1]}"'}
    hints = [(labels[word], int if word == "amount" else str) for word in words]
    tool = made_tool(name, hints, int, draw.pick(("Convert units.", "From one to another.")), work)
    turned = ", ".join(given[word] for word in reversed(words))
    return Case(
        slots={"amount": str(amount), "a": units[0], "b": units[1]},
        code=(f"print({name}({', '.join(given[word] for word in words)}))",),
        expected=Number(amount * factor),
        answers=("{amount} {a} is {out} {b}.", "That is {out} {b}."),
        tools=offered(draw, tool),
        stumbles=(Stumble(kind="order", at=0, wrong=f"print({name}({turned}))"),),
    )


def _word_tool(draw: Draw) -> Case:
    """A tool that answers with a word or a code, which has to be copied."""
    noun = draw.name("noun")
    things = draw.several(draw.pick(KINDS), draw.integer(2, 4))
    words = {each: draw.pick((draw.code_word(), draw.names.made_up(3))) for each in things}
    tool = lookup(draw, noun, words)
    thing = draw.pick(things)
    return Case(
        slots={"noun": noun, "thing": thing},
        code=(f'print({tool.name}("{thing}"))',),
        expected=Text(words[thing]),
        answers=("The {noun} of {thing} is {out}.", "{out}"),
        tools=offered(draw, tool),
    )


FAMILIES = (
    Family(name="ask_tool", group="tools", draw=_one, weight=3),
    Family(name="ask_word", group="tools", draw=_word_tool, weight=2),
    Family(
        name="tool_min",
        group="tools",
        draw=_looping(_lowest, "{out} has the lowest {noun}.", "It is {out}."),
        weight=1.5,
    ),
    Family(
        name="tool_max",
        group="tools",
        draw=_looping(_highest, "{out} has the highest {noun}.", "It is {out}."),
        weight=1.5,
    ),
    Family(
        name="tool_sum",
        group="tools",
        draw=_looping(_total, "The total {noun} is {out}.", "Together that is {out}."),
        weight=1.5,
    ),
    Family(
        name="tool_mean",
        group="tools",
        draw=_looping(_mean, "The average {noun} is {out}.", "On average it is {out}."),
    ),
    Family(
        name="tool_filter",
        group="tools",
        draw=_looping(_above, "{out}", "These have more than {limit}: {out}", plain=False),
    ),
    Family(
        name="tool_sort",
        group="tools",
        draw=_looping(_ranked, "{out}", "In order: {out}", plain=False),
    ),
    Family(
        name="tool_difference",
        group="tools",
        draw=_looping(_difference, "The difference is {out}.", "{a} has {out} more."),
    ),
    Family(name="tool_compose", group="tools", draw=_compose, weight=2),
    Family(name="purchase", group="tools", draw=_purchase, weight=1.5),
    Family(name="convert_tool", group="tools", draw=_convert, weight=1.5),
)
