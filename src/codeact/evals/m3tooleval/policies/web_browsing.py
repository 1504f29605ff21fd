"""Policies for the website: follow the links on view, read, compute."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator

from codeact.actions import ToolCall
from codeact.evals.m3tooleval.policies import Calls, Program, call, printed

UNKNOWN = "unknown"

Page = Generator[ToolCall, str, str]
Links = Generator[ToolCall, str, list[str]]

_LINK = re.compile(r"\[Clickable '([^']+)'\]")
_VIEW = re.compile(r"\[Viewing page (\d+) of (\d+)\]")
_LABELS = {"email": "Email", "phone_number": "Phone", "expertise": "Expertise"}


def calls(name: str, ask: str) -> Calls:
    page = yield call("view")
    if name.startswith("price_of_"):
        return (yield from _price(page, _item(ask)))
    if name.startswith("total_price_"):
        return (yield from _total(page, _items(ask), _percent(ask)))
    if name.startswith("people_in_"):
        return (yield from _head_count(page, _department(ask)))
    if name.startswith("match_phone_number_"):
        return (yield from _owner(page, _phone(ask)))
    return (yield from _fact(page, _person(ask), name.partition("_of_")[0]))


def program(name: str, ask: str) -> Program:
    if name.startswith("price_of_"):
        wanted = f"print(price({_item(ask)!r}))"
    elif name.startswith("total_price_"):
        left = 100 - _percent(ask)
        wanted = f"prices = [price(item) for item in {_items(ask)!r}]\n"
        wanted += f'print(f"{{sum(prices) * {left} / 100:.2f}}")'
    elif name.startswith("people_in_"):
        wanted = f"print(head_count({_department(ask)!r}))"
    elif name.startswith("match_phone_number_"):
        wanted = f"print(owner({_phone(ask)!r}))"
    else:
        wanted = f"print(fact({_person(ask)!r}, {name.partition('_of_')[0]!r}))"
    return printed(f"{_VISIT}\n{wanted}")


_VISIT = """\
import re

labels = {"email": "Email", "phone_number": "Phone", "expertise": "Expertise"}

def slug(name):
    return name.lower().replace(" ", "_")

def last(path):
    return path.rpartition("/")[2]

def links(path):
    page = text = click_url(path)
    while (view := re.search(r"page (\\d+) of (\\d+)", page)) and view[1] != view[2]:
        page = scroll_down()
        text += page
    return re.findall(r"Clickable '([^']+)'", text)

def price(item):
    kind = next(path for path in links("/products") if slug(item).endswith(last(path)))
    path = next(path for path in links(kind) if last(path) == slug(item))
    return float(re.search(r"Price: \\$(\\d+\\.\\d\\d)", click_url(path))[1])

def stated(page, field):
    pattern = r"(?:in the|of) ([A-Z][\\w ]*) Department"
    if field in labels:
        pattern = labels[field] + r": (\\S.*)"
    found = re.search(pattern, page)
    return found[1].strip() if found else "unknown"

def fact(person, field):
    for team in links("/team"):
        for path in links(team):
            if last(path) == slug(person):
                return stated(click_url(path), field)
    return "unknown"

def head_count(department):
    team = next(team for team in links("/team") if last(team).replace("-", "_") == slug(department))
    return len(links(team)) or "unknown"

def owner(phone):
    for team in links("/team"):
        for path in links(team):
            if stated(click_url(path), "phone_number") == phone:
                return last(path).replace("_", " ").title()
    return "unknown"
"""


def _price(page: str, item: str) -> Calls:
    page = yield from _follow(page, lambda path: path == "/products")
    page = yield from _follow(page, lambda path: _slug(item).endswith(_last(path)))
    page = yield from _follow(page, lambda path: _last(path) == _slug(item))
    found = re.search(r"Price: \$(\d+\.\d\d)", page)
    return found[1] if found else UNKNOWN


def _total(page: str, items: list[str], percent: int) -> Calls:
    prices: list[str] = []
    for item in items:
        if prices:
            page = yield call("click_url", "/")
        prices.append((yield from _price(page, item)))
    expression = f"({' + '.join(prices)}) * {100 - percent} / 100"
    return f"{float((yield call('calculator', expression))):.2f}"


def _fact(page: str, person: str, field: str) -> Calls:
    for team in (yield from _teams(page)):
        page = yield call("click_url", team)
        for path in (yield from _links(page)):
            if _last(path) == _slug(person):
                return _stated((yield call("click_url", path)), field)
    return UNKNOWN


def _head_count(page: str, department: str) -> Calls:
    for team in (yield from _teams(page)):
        if _same(_last(team), department):
            page = yield call("click_url", team)
            return str(len((yield from _links(page)))) if _VIEW.search(page) else UNKNOWN
    return UNKNOWN


def _owner(page: str, phone: str) -> Calls:
    """Looks at everybody, the last team first."""
    for team in reversed((yield from _teams(page))):
        page = yield call("click_url", team)
        for path in (yield from _links(page)):
            page = yield call("click_url", path)
            if _stated(page, "phone_number") == phone:
                return _last(path).replace("_", " ").title()
    return UNKNOWN


def _teams(page: str) -> Links:
    page = yield from _follow(page, lambda path: path == "/team")
    return (yield from _links(page))


def _follow(page: str, fits: Callable[[str], bool]) -> Page:
    """Scroll down to the first link that fits and click it; the last view where none does."""
    while True:
        for path in _LINK.findall(page):
            if fits(path):
                return (yield call("click_url", path))
        if _ends(page):
            return page
        page = yield call("scroll_down")


def _links(page: str) -> Links:
    """All links of the page, those below the view too."""
    links: list[str] = _LINK.findall(page)
    while not _ends(page):
        page = yield call("scroll_down")
        links += _LINK.findall(page)
    return links


def _ends(page: str) -> bool:
    view = _VIEW.search(page)
    return view is None or view[1] == view[2]


def _stated(page: str, field: str) -> str:
    label = _LABELS.get(field)
    pattern = rf"{label}: (\S.*)" if label else r"(?:in the|of) ([A-Z][\w ]*) Department"
    found = re.search(pattern, page)
    return found[1].strip() if found else UNKNOWN


def _item(ask: str) -> str:
    found = re.search(r"(?:does the|price of) ([A-Z][\w ]*?)(?: cost|\.)", ask)
    return found[1] if found else UNKNOWN


def _items(ask: str) -> list[str]:
    found = re.search(r"\[(.*?)\]", ask)
    return found[1].split(", ") if found else []


def _percent(ask: str) -> int:
    found = re.search(r"(\d+)%", ask)
    return int(found[1]) if found else 0


def _person(ask: str) -> str:
    found = re.search(r"(?:of|does) ([A-Z]\w+ [A-Z]\w+)", ask)
    return found[1] if found else UNKNOWN


def _department(ask: str) -> str:
    found = re.search(r"in the (.+?) Department", ask)
    return found[1] if found else UNKNOWN


def _phone(ask: str) -> str:
    found = re.search(r"phone number is (\S+)\?", ask)
    return found[1] if found else UNKNOWN


def _slug(name: str) -> str:
    return name.lower().replace(" ", "_")


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _same(word: str, department: str) -> bool:
    return word.replace("-", "_") == _slug(department)
