"""A small web site to browse: links are read from one page and followed to the next."""

from __future__ import annotations

from itertools import pairwise

from codeact.tasks.families.expected import Number, Text
from codeact.tasks.families.family import Case, Draw, Family, Stumble, made_tool
from codeact.tasks.families.warmup import decoys
from codeact.tools import Tool


def _address(draw: Draw) -> str:
    word = draw.names.made_up()
    return draw.pick((f"/{word}", f"/{word}.html", f"/{word}/{draw.integer(1, 99)}", word))


def _opener(draw: Draw, pages: dict[str, str]) -> Tool:
    def work(address: str) -> str:
        if address not in pages:
            raise ValueError(f"404: there is no page {address!r}")
        return pages[address]

    name = draw.pick(
        ("open_page", "get_page", "browse", "visit", "read_page", draw.names.tool("page"))
    )
    parameter = draw.pick(("address", "path", "url", "link", draw.names.made_up()))
    about = draw.pick(("Return a page as text.", "Read a page of the site.", "Open a page."))
    return made_tool(name, [(parameter, str)], str, about, work)


def _linked(draw: Draw) -> Case:
    """From the start page over one or two links to a value."""
    depth = draw.pick((1, 1, 2))
    topics = draw.several("word", 3)
    addresses: list[str] = []
    while len(addresses) < 4 + depth:
        address = _address(draw)
        if address not in addresses:
            addresses.append(address)
    start, *others = addresses
    wanted = draw.pick(topics)
    noun, value = draw.name("noun"), draw.integer(3, 9999)
    targets = dict(zip(topics, others, strict=False))
    style = draw.pick(("{t}: {a}", "{t} -> {a}", "[{t}]({a})", "{t} ({a})"))
    links = "\n".join(style.format(t=topic, a=targets[topic]) for topic in topics)
    pages = {start: f"Welcome.\n{links}"}
    for topic in topics:
        said = value if topic == wanted else draw.integer(3, 9999)
        pages[targets[topic]] = f"{topic}\n{noun}: {said}"
    steps = [start, targets[wanted]]
    if depth == 2:
        middle = targets[wanted]
        last = others[3]
        pages[last] = pages[middle]
        pages[middle] = f"{wanted}\nMore: {last}"
        steps.append(last)
    opener = _opener(draw, pages)
    guess = f'print({opener.name}("{wanted}"))'
    tools = [opener, *decoys(draw, {opener.name}, 1)]
    return Case(
        slots={"start": start, "topic": wanted, "noun": noun},
        code=tuple(f'print({opener.name}("{address}"))' for address in steps),
        expected=Number(value),
        answers=(f"The {{noun}} of {{topic}} is {value}.", f"It is {value}.", f"{value}"),
        tools=tuple(draw.shuffled(tools)),
        stumbles=(Stumble(kind="value", at=1, wrong=guess),) if wanted not in pages else (),
        plain=False,
    )


def _chain(draw: Draw) -> Case:
    """Each page names the next one; the last has the word."""
    length = draw.integer(2, 4)
    addresses = [draw.names.made_up() for _ in range(length + 1)]
    addresses = list(dict.fromkeys(addresses))
    secret = draw.pick((draw.code_word(), draw.names.made_up(3)))
    label, said = draw.pick((("next", "word"), ("go to", "secret"), ("see", "answer")))
    pages = {a: f"{label}: {b}" for a, b in pairwise(addresses)}
    pages[addresses[-1]] = f"{said}: {secret}"
    opener = _opener(draw, pages)
    return Case(
        slots={"start": addresses[0], "said": said},
        code=tuple(f'print({opener.name}("{address}"))' for address in addresses),
        expected=Text(secret),
        answers=(f"The {{said}} is {secret}.", secret, f"It is {secret}."),
        tools=(opener,),
        plain=False,
    )


FAMILIES = (
    Family(name="site_link", group="tools", draw=_linked, weight=2),
    Family(name="site_chain", group="tools", draw=_chain, weight=1.5),
)
