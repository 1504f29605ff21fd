"""Made-up services that answer with records: journeys, goods, stock, messages, pages of results.

What the records are like is seen only by looking, so the first action looks and the second one
uses what it saw.
"""

from __future__ import annotations

from typing import Any

from codeact.tasks.families.asking_tools import literal, lookup, table
from codeact.tasks.families.expected import Name, Names, Number, Text
from codeact.tasks.families.family import Case, Draw, Family, Stumble, made_tool
from codeact.tasks.families.names import Kind
from codeact.tasks.families.warmup import argument, offered
from codeact.tools import Tool

Record = dict[str, Any]


def _keys(draw: Draw, count: int) -> list[str]:
    """Different keys, some of them nobody would guess."""
    return draw.several("column", count)


def _rows(draw: Draw, kind: Kind, low: int = 3, high: int = 5) -> tuple[list[Record], str, str]:
    """Records with a name and a number, the number different in each; and their keys."""
    label, number = _keys(draw, 2)
    names = draw.several(kind, draw.integer(low, high))
    values = draw.sample(range(3, 900), len(names))
    records = [{label: a, number: b} for a, b in zip(names, values, strict=True)]
    if draw.chance(0.4):
        extra = draw.names.made_up()
        for each in records:
            each[extra] = draw.integer(1, 99)
    return records, label, number


def _route(draw: Draw) -> Case:
    """The cheapest (or other) way from one place to another."""
    start, end = draw.several("city", 2)
    records, label, number = _rows(draw, draw.pick(("word", "person")))
    noun = draw.pick(("flights", "trains", "buses", "trips", "routes", "rides"))

    def work(a: str, b: str) -> list[Record]:
        if (a, b) != (start, end):
            raise ValueError(f"No {noun} from {a!r} to {b!r}. From {start!r} to {end!r} there are.")
        return records

    verb = draw.pick(("find", "list", "search", "get")) if draw.chance(0.6) else ""
    name = f"{verb}_{noun}" if verb else draw.names.tool(noun)
    hints = [(draw.pick(("start", "origin", "source", draw.names.made_up())), str)]
    hints.append((draw.pick(("end", "goal", "target", draw.names.made_up(3))), str))
    tool = made_tool(name, hints, list, f"List the {noun} between two cities.", work)
    best, which = draw.pick(((min, "lowest"), (max, "highest")))
    row = best(records, key=lambda each: each[number])
    call = f'{name}("{start}", "{end}")'
    pick = f'best = {best.__name__}(rows, key=lambda r: r["{number}"])\nprint(best["{label}"])'
    wrong = pick.replace(f'r["{number}"]', f'r["{draw.pick(("price", "value", "cost"))}"]')
    return Case(
        slots={"a": start, "b": end, "noun": noun, "which": which, "number": number},
        code=(f"rows = {call}\nprint(rows)", pick),
        expected=Name(row[label], [each[label] for each in records]),
        answers=("{out} has the {which} {number}.", "It is {out}.", "{out}"),
        tools=offered(draw, tool),
        stumbles=(Stumble(kind="key", at=1, wrong=wrong),) if wrong != pick else (),
    )


def _service(draw: Draw, noun: str, records: list[Record]) -> Tool:
    """A tool without arguments that returns all records."""
    name = draw.pick((f"list_{noun}", f"get_{noun}", f"all_{noun}", draw.names.tool(noun)))
    return made_tool(name, [], list, f"Return all {noun}.", lambda: records)


def _total(draw: Draw) -> Case:
    records, _, number = _rows(draw, "good")
    noun = draw.pick(("items", "orders", "sales", "entries", "goods"))
    tool = _service(draw, noun, records)
    use = f'print(sum(r["{number}"] for r in rows))'
    return Case(
        slots={"noun": noun, "number": number},
        code=(f"rows = {tool.name}()\nprint(rows)", use),
        expected=Number(sum(each[number] for each in records)),
        answers=("The total {number} is {out}.", "It is {out}."),
        tools=offered(draw, tool),
    )


def _select(draw: Draw) -> Case:
    """Names of the records below a limit."""
    records, label, number = _rows(draw, "good", 4, 6)
    noun = draw.pick(("items", "products", "articles", "goods", "parts"))
    values = sorted(each[number] for each in records)
    limit = values[draw.integer(1, 3)]
    tool = _service(draw, noun, records)
    found = [each[label] for each in records if each[number] < limit]
    use = f'print(", ".join(r["{label}"] for r in rows if r["{number}"] < {limit}))'
    return Case(
        slots={"noun": noun, "number": number, "limit": str(limit)},
        code=(f"rows = {tool.name}()\nprint(rows)", use),
        expected=Names(found, [each[label] for each in records], ordered=False),
        answers=("{out}", "These: {out}"),
        tools=offered(draw, tool),
        plain=False,
    )


def _restock(draw: Draw) -> Case:
    """One tool lists the names, another knows the stock of each."""
    noun = draw.name("noun")
    values = table(draw, draw.integer(3, 6), kind="good")
    lister = made_tool(
        draw.pick(("list_items", "all_items", "item_names", draw.names.tool())),
        [],
        list,
        "Return the names of all items.",
        lambda: list(values),
    )
    stock = lookup(draw, noun, values)
    limit = sorted(values.values())[draw.integer(1, len(values) - 1)]
    low = [each for each in values if values[each] < limit]
    code = f'print(", ".join(x for x in {lister.name}() if {stock.name}(x) < {limit}))'
    return Case(
        slots={"noun": noun, "limit": str(limit)},
        code=(code,),
        expected=Names(low, list(values), ordered=False),
        answers=("{out}", "These: {out}"),
        tools=offered(draw, lister, stock),
        plain=False,
    )


def _messages(draw: Draw) -> Case:
    """How many messages somebody has sent."""
    senders = draw.several("person", draw.integer(2, 4))
    sender_key, text_key = _keys(draw, 2)
    records: list[Record] = [
        {sender_key: draw.pick(senders), text_key: draw.names.draw("word")}
        for _ in range(draw.integer(3, 6))
    ]
    who = draw.pick([each[sender_key] for each in records])
    tool = _service(draw, draw.pick(("messages", "mails", "notes", "posts")), records)
    use = f'print(sum(r["{sender_key}"] == "{who}" for r in rows))'
    wrong = use.replace(f'"{sender_key}"', f'"{draw.pick(("sender", "from", "author", "name"))}"')
    return Case(
        slots={"who": who, "noun": _noun_of(tool)},
        code=(f"rows = {tool.name}()\nprint(rows)", use),
        expected=Number(sum(each[sender_key] == who for each in records)),
        answers=("{who} sent {out}.", "{out}"),
        tools=offered(draw, tool),
        stumbles=(Stumble(kind="key", at=1, wrong=wrong),),
    )


def _noun_of(tool: Tool) -> str:
    return tool.description.removeprefix("Return all ").rstrip(".")


def _inbox(draw: Draw) -> Case:
    """Find the message by its subject among the listed ones, then read it: a code is in it."""
    subjects = draw.several("word", draw.integer(3, 4))
    ids = [draw.code_word() for _ in subjects]
    wanted = draw.pick(subjects)
    secret = draw.code_word()
    number = ids[subjects.index(wanted)]
    texts = {each: f"The code is {draw.code_word()}." for each in ids}
    texts[number] = f"The code is {secret}."
    noun = draw.pick(("messages", "mails", "notes", "letters"))
    lister = made_tool(
        draw.pick((f"list_{noun}", f"{noun}_index", draw.names.tool(noun))),
        [],
        dict,
        f"The ids of all {noun} with their subjects.",
        lambda: dict(zip(ids, subjects, strict=True)),
    )

    def read(key: str) -> str:
        if key not in texts:
            raise KeyError(f"{key!r} is no id")
        return texts[key]

    reader = made_tool(
        draw.pick(("read", "open_text", f"read_{noun[:-1]}", f"show_{draw.names.made_up()}")),
        [(argument(draw), str)],
        str,
        "The text behind an id.",
        read,
    )
    return Case(
        slots={"subject": quoted_subject(wanted), "noun": noun[:-1]},
        code=(f"print({lister.name}())", f'print({reader.name}("{number}"))'),
        expected=Text(secret),
        answers=("{out}",),
        tools=offered(draw, lister, reader),
        stumbles=(Stumble(kind="value", at=1, wrong=f'print({reader.name}("{wanted}"))'),),
        plain=False,
    )


def quoted_subject(subject: str) -> str:
    return f'"{subject}"'


def _paging(draw: Draw) -> Case:
    """Pages of numbers until an empty one."""
    pages = [[draw.integer(1, 90) for _ in range(draw.integer(1, 4))] for _ in range(3)]
    name = draw.pick(("get_page", "read_page", "fetch_page", draw.names.tool("page")))
    start = draw.pick((0, 1))

    def work(number: int) -> list[int]:
        index = number - start
        return pages[index] if 0 <= index < len(pages) else []

    about = f"Numbers of a page, from page {start}; empty after the last."
    tool = made_tool(name, [(draw.pick(("number", "page", "n", "index")), int)], list, about, work)
    code = (
        f"page = {start}\ntotal = 0\nwhile rows := {name}(page):\n"
        "    total += sum(rows)\n    page += 1\nprint(total)"
    )
    return Case(
        slots={"tool": name},
        code=(code,),
        expected=Number(sum(map(sum, pages))),
        answers=("The total is {out}.", "They add up to {out}."),
        tools=offered(draw, tool),
    )


def _known(draw: Draw) -> Case:
    """A tool that wants the code of a thing, which another tool tells."""
    noun = draw.name("noun")
    things = draw.several(draw.pick(("city", "person", "good")), draw.integer(2, 4))
    codes = {each: f"{each[:2].lower()}{draw.integer(10, 99)}" for each in things}
    values = {code: draw.integer(5, 900) for code in codes.values()}
    coder = lookup(draw, draw.pick(("code", "id", "key")), codes)
    teller = lookup(draw, noun, values)
    while teller.name == coder.name:
        teller = lookup(draw, noun, values)
    thing = draw.pick(things)
    return Case(
        slots={"noun": noun, "thing": thing},
        code=(f'print({teller.name}({coder.name}("{thing}")))',),
        expected=Number(values[codes[thing]]),
        answers=("The {noun} of {thing} is {out}.", "It is {out}."),
        tools=offered(draw, coder, teller),
        stumbles=(Stumble(kind="value", at=0, wrong=f'print({teller.name}("{thing}"))'),),
    )


def _order(draw: Draw) -> Case:
    """An action with an effect: something is ordered, and the confirmation is told."""
    good, count = draw.name("good"), draw.integer(2, 40)
    price = draw.integer(2, 60)
    name = draw.pick(("order", "buy", "book", "reserve", draw.names.tool("order")))
    swapped = draw.chance(0.5)

    def work(a: Any, b: Any) -> str:
        return f"{draw_code}: {a} {b}"

    draw_code = draw.code_word()
    first, second = argument(draw), draw.pick(("count", "amount", "quantity", "pieces"))
    hints: list[tuple[str, Any]] = [(first, str), (second, int)]
    args = f'"{good}", {count}'
    if swapped:
        hints.reverse()
        args = f'{count}, "{good}"'
    tool = made_tool(name, hints, str, "Order something; returns the confirmation.", work)
    values = {good: price, **dict.fromkeys(draw.several("good", 2), price + 3)}
    other = lookup(draw, "price", {**values, good: price})
    tools = (tool, other) if other.name != name else (tool,)
    return Case(
        slots={"good": good, "count": str(count)},
        code=(f"print({name}({args}))",),
        expected=Text(draw_code),
        answers=("Done. The confirmation is {out}.", "Ordered: {out}"),
        tools=tuple(draw.shuffled(tools)),
        plain=False,
    )


def _best_of_two(draw: Draw) -> Case:
    """Two prices for each thing: bought here, sold there; the best gain."""
    goods = draw.several("good", draw.integer(3, 4))
    buys = dict(zip(goods, draw.sample(range(5, 200), len(goods)), strict=True))
    gains = draw.sample(range(1, 150), len(goods))
    sells = {each: buys[each] + gain for each, gain in zip(goods, gains, strict=True)}
    here, there = draw.several("city", 2)
    buy_name, sell_name = draw.names.tool("price"), draw.names.tool("price")
    while sell_name == buy_name:
        sell_name = draw.names.tool("price")
    buy = lookup(draw, f"price in {here}", buys, name=buy_name)
    sell = lookup(draw, f"price in {there}", sells, name=sell_name)
    best = max(goods, key=lambda each: sells[each] - buys[each])
    code = (
        f"goods = {literal(goods)}\nprint(max(goods, key=lambda g: {sell_name}(g) - {buy_name}(g)))"
    )
    return Case(
        slots={
            "goods": ", ".join(goods[:-1]) + " or " + goods[-1],
            "here": here,
            "there": there,
        },
        code=(code,),
        expected=Name(best, goods),
        answers=("{out} brings the most.", "{out}"),
        tools=offered(draw, buy, sell),
    )


FAMILIES = (
    Family(name="route", group="tools", draw=_route, weight=1.5),
    Family(name="records_total", group="tools", draw=_total, weight=1.2),
    Family(name="records_select", group="tools", draw=_select, weight=1.2),
    Family(name="restock", group="tools", draw=_restock),
    Family(name="messages", group="tools", draw=_messages),
    Family(name="inbox", group="tools", draw=_inbox, weight=1.5),
    Family(name="paging", group="tools", draw=_paging, weight=0.7),
    Family(name="code_of_thing", group="tools", draw=_known),
    Family(name="order", group="tools", draw=_order, weight=1.2),
    Family(name="trade", group="tools", draw=_best_of_two),
)
