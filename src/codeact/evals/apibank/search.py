"""The search for a tool by keywords (level 2): by shared words, the rarest counting most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from codeact.evals.apibank.spelling import words
from codeact.tools import Tool

FOUND = 3
"""How many tools a search gives."""

NOTHING = "No tool fits these keywords. Use other words."

_NAME = 3.0
"""How much more a word of a tool's name counts than one of its description."""

_ENDINGS = (
    *("ations", "ation", "ators", "ator", "ates", "ate", "ings", "ing", "ions", "ion"),
    *("ers", "er", "ors", "or", "ed", "es", "s", "e", "y"),
)


@dataclass(frozen=True, slots=True)
class ToolSearch:
    """`tools` are all that can be found."""

    tools: Mapping[str, Tool]

    def find(self, keywords: str) -> list[str]:
        """The names of the best tools, the best first; a tie keeps the tools' order."""
        bags = {name: _bag(tool) for name, tool in self.tools.items()}
        asked = {_stem(word) for word in words(_parted(keywords))}
        scores = []
        for place, (name, bag) in enumerate(bags.items()):
            score = 0.0
            for stem in asked:
                have = sum(stem in other for other in bags.values())
                score += bag.get(stem, 0.0) * math.log(1 + len(bags) / max(have, 1))
            if score > 0:
                scores.append((-score, place, name))
        return [name for _, _, name in sorted(scores)[:FOUND]]


def _bag(tool: Tool) -> dict[str, float]:
    bag = {_stem(word): 1.0 for word in words(tool.description)}
    return bag | {_stem(word): _NAME for word in words(_parted(tool.name))}


def _parted(name: str) -> str:
    """CamelCase as words."""
    return "".join(f" {letter}" if letter.isupper() else letter for letter in name)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
