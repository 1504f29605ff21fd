"""What one of the 82 tasks asks, what is right, and what is known to be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from codeact.tools import Toolbox

SHOWN_AS_OBJECT = (
    "the public grader compares the answer with the printed Python object: spacing, order, and "
    "whether a number is an int or a float all count"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One task of a domain as data.

    `answer` is what the public benchmark expects, computed from the domain's world, defects
    included. `also` holds what the `fixed` grader accepts besides, and `remedy` says why. With
    `decimals` the answer is asked for with two decimals, which `fixed` grants a tolerance for.
    `issues` are the known ones of the public benchmark.
    """

    domain: str
    name: str
    instruction: str
    answer: Any
    also: tuple[Any, ...] = ()
    remedy: str = ""
    decimals: bool = False
    issues: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The public benchmark's id."""
        return f"{self.domain}/{self.name}"


class Domain(Protocol):
    """A world with its tools and what is asked about it. A value: another world, other answers."""

    @property
    def name(self) -> str:
        """The public benchmark's name of the domain."""

    def exercises(self) -> tuple[Exercise, ...]:
        """In the public benchmark's order."""

    def toolbox(self) -> Toolbox:
        """The tools of one episode; what they remember begins afresh."""
