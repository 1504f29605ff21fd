"""First actions that fail, in many ways, made from the right ones."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Spoil = Callable[[str, random.Random], str | None]

_STRING = re.compile(r'"[^"\n]*"')
_KEYS = ("name", "price", "value", "data", "item", "total", "result", "amount", "cost", "id")
_MODULES = re.compile(r"^(?:import \w+|from \w+ import \w+(?:, \w+)*)\n", re.MULTILINE)


def spoiled(
    code: str, rng: random.Random, tools: Sequence[str], kinds: Sequence[str] = ()
) -> tuple[str, str] | None:
    """The kind of a mistake and the code with it; None where the code offers no room for one.

    The code is likely to fail, not certain: whoever runs it looks. `tools` are the names of tools.
    """
    order = list(kinds or _KINDS)
    rng.shuffle(order)
    if "syntax" in order and rng.random() < 0.8:  # it fits anywhere and teaches least
        order.remove("syntax")
        order.append("syntax")
    for kind in order:
        wrong = _tool_mistake(kind, code, rng, tools) or _KINDS.get(kind, _nothing)(code, rng)
        if wrong is not None and wrong != code:
            return kind, wrong
    return None


def _nothing(code: str, rng: random.Random) -> str | None:
    return None


def _tool_mistake(kind: str, code: str, rng: random.Random, tools: Sequence[str]) -> str | None:
    """A tool's name misspelt, an argument too many or none at all."""
    called = [name for name in tools if f"{name}(" in code]
    if not called:
        return None
    name = rng.choice(called)
    at = code.index(f"{name}(")
    if kind == "name":
        return code[:at] + _misspelt(name, rng) + code[at + len(name) :]
    if kind == "argument":
        begin = at + len(name) + 1
        end = _closing(code, begin)
        if end is None or begin == end:
            return None
        inner = code[begin:end]
        wrong = rng.choice((f"{inner}, 1", "", f"{inner}, None", f"value={inner.split(',')[0]}"))
        return code[:begin] + wrong + code[end:]
    return None


def _name(code: str, rng: random.Random) -> str | None:
    """A variable that is used under another name."""
    assigned = re.findall(r"^\s*(?:for )?([a-z_]\w+)(?= =| in )", code, re.MULTILINE)
    uses = [found for name in set(assigned) for found in re.finditer(rf"\b{name}\b", code)]
    uses = sorted(uses, key=lambda each: each.start())
    later = [found for found in uses if found.start() > code.index(found[0])]
    if not later:
        return None
    found = rng.choice(later)
    return code[: found.start()] + _misspelt(found[0], rng) + code[found.end() :]


def _missing_import(code: str, rng: random.Random) -> str | None:
    return _MODULES.sub("", code, count=1) if _MODULES.search(code) else None


def _syntax(code: str, rng: random.Random) -> str | None:
    """A bracket, a colon or a quote that is missing."""
    places = [found.start() for found in re.finditer(r"[)\]]$|:$", code, re.MULTILINE)]
    if rng.random() < 0.3:
        places += [found.end() - 1 for found in _STRING.finditer(code)]
    if not places:
        return None
    at = rng.choice(places)
    return code[:at] + code[at + 1 :]


def _key(code: str, rng: random.Random) -> str | None:
    """Another key than the one that is there."""
    found = list(re.finditer(r'(?<=\[)"([^"\n]+)"(?=\])', code))
    if not found:
        return None
    chosen = rng.choice(found)
    wrong = rng.choice((*_KEYS, chosen[1].capitalize(), chosen[1] + "s", _misspelt(chosen[1], rng)))
    return code.replace(chosen[0], f'"{wrong}"')


def _index(code: str, rng: random.Random) -> str | None:
    found = list(re.finditer(r"(?<=[\w)\]])\[(-?\d+)\]", code))
    if not found:
        return None
    chosen = rng.choice(found)
    return code[: chosen.start()] + f"[{rng.randint(20, 60)}]" + code[chosen.end() :]


def _type(code: str, rng: random.Random) -> str | None:
    """A number written as text, or a conversion left out."""
    places = list(re.finditer(r"(?<== )\d+(?:\.\d+)?$", code, re.MULTILINE))
    calls = list(re.finditer(r"\b(?:int|float|str)\((\w+(?:\[[^\]]+\])?)\)", code))
    if calls and (not places or rng.random() < 0.7):
        chosen = rng.choice(calls)
        return code[: chosen.start()] + chosen[1] + code[chosen.end() :]
    if places:
        chosen = rng.choice(places)
        return code[: chosen.start()] + f'"{chosen[0]}"' + code[chosen.end() :]
    return None


def _method(code: str, rng: random.Random) -> str | None:
    found = list(re.finditer(r"(?<=[\w)\]\"]\.)([a-z]+)(?=\()", code))
    if not found:
        return None
    chosen = rng.choice(found)
    wrong = rng.choice((_misspelt(chosen[1], rng), chosen[1] + "s", f"get_{chosen[1]}"))
    return code[: chosen.start()] + wrong + code[chosen.end() :]


def _file(code: str, rng: random.Random) -> str | None:
    """A file that is not there."""
    found = list(re.finditer(r'"([\w/]+)\.(csv|txt|json|log|md)"', code))
    if not found:
        return None
    chosen = rng.choice(found)
    stem = rng.choice(("data", "file", "input", _misspelt(chosen[1], rng), chosen[1].upper()))
    return code[: chosen.start()] + f'"{stem}.{chosen[2]}"' + code[chosen.end() :]


def _keyword(code: str, rng: random.Random) -> str | None:
    """A value that Python spells with a capital, or a name of another language."""
    for right, wrong in (("True", "true"), ("None", "null"), ("len(", "length("), ("sum(", "add(")):
        if right in code and rng.random() < 0.5:
            return code.replace(right, wrong, 1)
    return None


_KINDS: dict[str, Spoil] = {
    "name": _name,
    "argument": _nothing,
    "import": _missing_import,
    "syntax": _syntax,
    "key": _key,
    "index": _index,
    "type": _type,
    "method": _method,
    "file": _file,
    "keyword": _keyword,
}
KINDS = tuple(_KINDS)


def _closing(code: str, begin: int) -> int | None:
    """Where the bracket that was opened before `begin` is closed."""
    depth = 1
    for place in range(begin, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if depth == 0:
            return place
    return None


def _misspelt(name: str, rng: random.Random) -> str:
    letters = list(name)
    at = rng.randrange(len(letters))
    kind = rng.randrange(4)
    if kind == 0 and len(letters) > 3:
        del letters[at]
    elif kind == 1:
        letters.insert(at, letters[at])
    elif kind == 2 and "_" in name:
        return name.replace("_", "", 1)
    else:
        letters.append(rng.choice(("s", "_", "1")))
    return "".join(letters)
