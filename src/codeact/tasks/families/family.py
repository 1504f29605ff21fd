"""A family of tasks: wordings of both sides, and how one case of it is drawn."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from codeact.tasks.families.expected import Expected
from codeact.tasks.families.names import Kind, Names, Side
from codeact.tasks.families.wordings import wordings
from codeact.tools import Tool

Item = TypeVar("Item")
Group = Literal["warmup", "newcomer", "text", "tools", "files", "programs", "talk"]

ANSWERS = ("{out}", "{out}", "The answer is {out}.", "It is {out}.", "The result is {out}.")
"""Answers that suit any question; `{out}` is what the last action printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One task before it is worded.

    `slots` fill the wording and the answers. `code` are the right actions in order, none for an
    answer without action; `answers` suit this case, `{out}` in them is what the last action
    printed. `stumbles` are actions likely to fail, with the place of the right one that repairs
    them and what to look at in between (or nothing). `plain`: answers that suit any question suit
    this one. `proof` is code that has to run without an error after the answer.
    """

    slots: Mapping[str, str] = field(default_factory=dict)
    code: tuple[str, ...]
    expected: Expected
    answers: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    stumbles: tuple[Stumble, ...] = ()
    plain: bool = True
    proof: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stumble:
    """A wrong action instead of `Case.code[at]`; `look` is what finds out why, before the right one
    is written.
    """

    kind: str
    at: int
    wrong: str
    look: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Its wordings stand under its name in a file of `wordings/`. `framed`: politeness and context
    may stand around a training wording. `weight` is the family's share in a mixture.
    """

    name: str
    group: Group
    draw: Callable[[Draw], Case]
    weight: float = 1.0
    framed: bool = True

    @property
    def wordings(self) -> tuple[str, ...]:
        """The training grammar (see wording.py)."""
        return wordings()[self.name].train

    @property
    def held(self) -> tuple[str, ...]:
        """Whole requests, written by hand, that training never draws."""
        return wordings()[self.name].held


class Draw:
    """The dice of one case: numbers, choices, names of the right side, made-up tools."""

    def __init__(self, rng: random.Random, side: Side) -> None:
        self.rng = rng
        self.names = Names(rng, side)

    def integer(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def size(self, high: int, low: int = 2) -> int:
        """An integer of any order of magnitude up to `high`, round ones often."""
        value = int(low * (high / low) ** self.rng.random())
        step = 10 ** max(len(str(value)) - 1, 0)
        if self.chance(0.4):
            value = max(low, value // step * step)
        return value

    def price(self, high: int = 500) -> float:
        return round(self.rng.uniform(1, high), self.rng.choice((0, 1, 2, 2)))

    def pick(self, items: Sequence[Item]) -> Item:
        return self.rng.choice(items)

    def sample(self, items: Sequence[Item], count: int) -> list[Item]:
        return self.rng.sample(items, count)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def integers(self, low: int = 3, high: int = 8, top: int = 100) -> list[int]:
        """A list of numbers, `low` to `high` of them, different from one another."""
        count = self.integer(low, high)
        return self.rng.sample(range(1, max(top, 3 * count)), count)

    def name(self, kind: Kind) -> str:
        return self.names.draw(kind)

    def several(self, kind: Kind, count: int) -> list[str]:
        return self.names.several(kind, count)

    def code_word(self) -> str:
        """A code such as people copy: letters and digits."""
        letters = "".join(self.rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(2))
        digits = self.integer(10, 9999)
        word = self.rng.choice(("{l}{d}", "{l}-{d}", "{d}-{l}", "{l}_{d}"))
        return word.format(l=letters, d=digits)

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        return self.rng.sample(items, len(items))


def made_tool(
    name: str,
    parameters: Sequence[tuple[str, Any]],
    returns: Any,
    about: str,
    work: Callable[..., Any],
) -> Tool:
    """A tool with a name, parameters and types of our choice; `work` is called by position."""

    async def call(*args: Any) -> Any:
        return work(*args)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [inspect.Parameter(each, kind, annotation=hint) for each, hint in parameters],
        return_annotation=returns,
    )
    call.__name__ = call.__qualname__ = name
    call.__doc__ = about
    call.__annotations__ = {**dict(parameters), "return": returns}
    call.__signature__ = signature  # type: ignore[attr-defined]  # as inspect documents it
    return Tool(name=name, signature=f"{name}{signature}", description=about, function=call)
