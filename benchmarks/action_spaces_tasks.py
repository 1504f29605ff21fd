"""Tasks that need one to six calls of made-up tools, with the way to solve each in any space.

The tools, their names, the things and the requests are the same for all action spaces. A single
call is written alike in each; more calls are one program in code, and one reply each in JSON and
text. All may use the same three helpers, `calculator`, `maximum` and `minimum`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codeact.actions import Action, CodeAction, ToolCall
from codeact.tasks.arithmetic import value_of
from codeact.tasks.families.asking_tools import listed, literal, lookup, table
from codeact.tasks.families.expected import Expected, Name, Number
from codeact.tasks.families.family import Draw, made_tool
from codeact.tasks.families.held_out import reserved
from codeact.tasks.families.names import Side
from codeact.tools import Tool

ANSWERS = ("It is {out}.", "The answer is {out}.", "{out}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One task. `calls` are the single calls that solve it, `code` is the program that does; `out`
    is what the last of either gives and `answer` says.
    """

    id: str
    kind: str
    request: str
    tools: tuple[Tool, ...]
    calls: tuple[ToolCall, ...]
    code: str
    answer: str
    expected: Expected
    names: tuple[str, ...] = ()
    """What was drawn at random and stands in the request or in the tools."""

    def actions(self, space: str) -> tuple[Action, ...]:
        """The way in an action space: `code`, `json` or `text`."""
        return (CodeAction(code=self.code),) if space == "code" else self.calls


def helpers() -> tuple[Tool, ...]:
    return (
        made_tool("calculator", [("expression", str)], float, "The value of a sum.", value_of),
        made_tool("maximum", [("values", list[float])], float, "The largest.", _largest),
        made_tool("minimum", [("values", list[float])], float, "The smallest.", _smallest),
    )


def _largest(values: Sequence[float]) -> float:
    return _plain(max(values))


def _smallest(values: Sequence[float]) -> float:
    return _plain(min(values))


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value


def exercises(
    seed: int, count: int, *, held: bool = False, names: Side = "train"
) -> Iterator[Exercise]:
    """The same for the same arguments, no request twice; those of `held` are not drawn without."""
    seen: set[str] = set()
    number = 0
    while len(seen) < count:
        number += 1
        dice = Draw(random.Random(f"spaces/{seed}/{number}/{held}/{names}"), names)
        kind = dice.pick(KINDS)
        made = kind(dice, f"{seed}-{number}")
        shown = made.request + "".join(each.signature for each in made.tools)
        if shown in seen or reserved(shown) != held:
            continue
        seen.add(shown)
        yield replace(made, names=tuple(dice.names.used))


def _exercise(
    draw: Draw,
    name: str,
    kind: str,
    wordings: Sequence[str],
    tools: Sequence[Tool],
    calls: Sequence[ToolCall],
    code: str,
    out: object,
    expected: Expected,
    **slots: object,
) -> Exercise:
    noise = lookup(draw, draw.name("noun"), table(draw, 2))
    others = [each for each in (noise,) if each.name not in {tool.name for tool in tools}]
    offered = (*draw.shuffled([*tools, *others]), *helpers())
    return Exercise(
        id=f"{kind}/{name}",
        kind=kind,
        request=draw.pick(wordings).format(**slots),
        tools=offered,
        calls=tuple(calls),
        code=f"print({code})",
        answer=draw.pick(ANSWERS).format(out=out),
        expected=expected,
    )


def _call(tool: Tool | str, *args: Any) -> ToolCall:
    return ToolCall(name=tool if isinstance(tool, str) else tool.name, args=args)


def _one(draw: Draw, name: str) -> Exercise:
    noun, values = draw.name("noun"), table(draw, draw.integer(2, 4))
    thing = draw.pick(list(values))
    tool = lookup(draw, noun, values)
    wordings = (
        *("What is the {noun} of {thing}?", "Tell me the {noun} of {thing}.", "{noun} of {thing}"),
        *("Look up the {noun} of {thing}.", "I need the {noun} for {thing}.", "{thing}: {noun}?"),
    )
    code = f'{tool.name}("{thing}")'
    return _exercise(
        *(draw, name, "1 lookup", wordings, [tool], [_call(tool, thing)], code),
        *(values[thing], Number(values[thing])),
        noun=noun,
        thing=thing,
    )


def _chained(hops: int) -> Callable[[Draw, str], Exercise]:
    def build(draw: Draw, name: str) -> Exercise:
        nouns = draw.several("noun", hops)
        start = draw.name("good")
        tools: list[Tool] = []
        calls: list[ToolCall] = []
        value: Any = start
        code = f'"{start}"'
        for place, noun in enumerate(nouns):
            last = place == hops - 1
            others = draw.several("word", 3)
            values: dict[str, Any] = {each: draw.integer(2, 900) if last else "" for each in others}
            if not last:
                values = dict(zip(others, draw.several("city", 3), strict=True))
            values[value] = draw.integer(2, 900) if last else draw.several("word", 1)[0]
            tool = lookup(draw, noun, values)
            if tool.name in {each.name for each in tools}:
                return build(draw, name)
            tools.append(tool)
            calls.append(_call(tool, value))
            value = values[value]
            code = f"{tool.name}({code})"
        path = " of the ".join(reversed(nouns))
        wordings = (
            "What is the {path} of {start}?",
            "Find the {path} of {start}.",
            "{path} of {start}",
        )
        return _exercise(
            *(draw, name, f"{hops} in a chain", wordings, tools, calls, code),
            *(value, Number(value)),
            path=path,
            start=start,
        )

    return build


def _difference(draw: Draw, name: str) -> Exercise:
    noun, values = draw.name("noun"), table(draw, draw.integer(2, 4))
    a, b = sorted(draw.sample(list(values), 2), key=lambda each: -values[each])
    tool = lookup(draw, noun, values)
    out = values[a] - values[b]
    calls = [_call(tool, a), _call(tool, b), _call("calculator", f"{values[a]} - {values[b]}")]
    wordings = (
        "How much more {noun} does {a} have than {b}?",
        "By how much is the {noun} of {a} above that of {b}?",
        "The {noun} of {a} minus the {noun} of {b}",
    )
    code = f'{tool.name}("{a}") - {tool.name}("{b}")'
    return _exercise(
        *(draw, name, "difference", wordings, [tool], calls, code, out, Number(out)),
        noun=noun,
        a=a,
        b=b,
    )


def _total(draw: Draw, name: str) -> Exercise:
    noun, values = draw.name("noun"), table(draw, draw.integer(2, 5))
    tool = lookup(draw, noun, values)
    things = list(values)[: draw.integer(2, len(values))]
    sums = [values[each] for each in things]
    calls = [
        *(_call(tool, each) for each in things),
        _call("calculator", " + ".join(map(str, sums))),
    ]
    wordings = (
        "What is the {noun} of {things} together?",
        "Add up the {noun} of {things}.",
        "Total {noun} of {things}",
    )
    code = f"sum({tool.name}(x) for x in {literal(things)})"
    return _exercise(
        *(draw, name, f"total of {len(things)}", wordings, [tool], calls, code, sum(sums)),
        Number(sum(sums)),
        noun=noun,
        things=listed(things),
    )


def _best(draw: Draw, name: str) -> Exercise:
    noun, values = draw.name("noun"), table(draw, draw.integer(2, 5))
    tool = lookup(draw, noun, values)
    things = list(values)[: draw.integer(2, len(values))]
    which, helper, choose = draw.pick((("highest", "maximum", max), ("lowest", "minimum", min)))
    winner = choose(things, key=lambda each: values[each])
    calls = [
        *(_call(tool, each) for each in things),
        _call(helper, [values[each] for each in things]),
    ]
    wordings = (
        "Which of {things} has the {which} {noun}?",
        "Who or what has the {which} {noun}: {things}?",
        "{which} {noun} among {things}",
    )
    code = f"{choose.__name__}({literal(things)}, key={tool.name})"
    return _exercise(
        *(draw, name, f"{which} of {len(things)}", wordings, [tool], calls, code, winner),
        Name(winner, things),
        noun=noun,
        things=listed(things),
        which=which,
    )


def _purchase(draw: Draw, name: str) -> Exercise:
    noun, values = draw.name("noun"), table(draw, draw.integer(2, 4))
    tool = lookup(draw, noun, values)
    counts = {each: draw.integer(2, 9) for each in list(values)[: draw.integer(2, len(values))]}
    terms = [f"{count} * {values[each]}" for each, count in counts.items()]
    out = sum(count * values[each] for each, count in counts.items())
    calls = [*(_call(tool, each) for each in counts), _call("calculator", " + ".join(terms))]
    basket = listed([f"{count} {each}" for each, count in counts.items()])
    wordings = (
        "What do {basket} come to, by {noun}?",
        "The {noun} of {basket} in all",
        "Count {noun} for {basket}. What is the sum?",
    )
    code = " + ".join(f'{count} * {tool.name}("{each}")' for each, count in counts.items())
    return _exercise(
        *(draw, name, f"purchase of {len(counts)}", wordings, [tool], calls, code, out),
        Number(out),
        noun=noun,
        basket=basket,
    )


KINDS = (_one, _one, _chained(2), _chained(3), _difference, _total, _total, _best, _best, _purchase)
