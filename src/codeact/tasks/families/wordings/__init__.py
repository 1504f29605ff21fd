"""The wordings of all families: a grammar for training, requests by hand for evaluation.

In the files beside this one `== name` begins a family; its lines are templates of the training
grammar, those after `-- held` are held out. `<word> = text` above names a part of
templates, `# text` is a remark.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

_PART = re.compile(r"<(\w+)> = (.*)")
_USE = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class Wordings:
    train: tuple[str, ...]
    held: tuple[str, ...]


@functools.cache
def wordings() -> Mapping[str, Wordings]:
    """Of every family, by its name. Raises ValueError where one stands twice."""
    found: dict[str, Wordings] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".txt"):
            for name, each in read(file.read_text("utf-8")).items():
                if name in found:
                    raise ValueError(f"Two families are named {name!r}.")
                found[name] = each
    return found


def read(text: str) -> dict[str, Wordings]:
    """The wordings of one file."""
    parts: dict[str, str] = {}
    sides: dict[str, tuple[list[str], list[str]]] = {}
    name, held = "", False
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("# "):
            continue
        part = _PART.fullmatch(line)
        if part is not None:
            parts[part[1]] = _USE.sub(lambda use: parts[use[1]], part[2])
        elif line.startswith("== "):
            name, held = line.removeprefix("== "), False
            sides[name] = ([], [])
        elif line == "-- held":
            held = True
        else:
            line = line if held else _USE.sub(lambda use: parts[use[1]], line)
            sides[name][held].append(line)
    return {name: Wordings(tuple(train), tuple(kept)) for name, (train, kept) in sides.items()}
