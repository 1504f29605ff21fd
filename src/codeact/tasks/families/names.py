"""Names of people, places, things, tools and arguments, real and made up, drawn from one side."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Literal

from codeact.tasks.families.held_out import CODAS, HELD_NAMES, HELD_SYLLABLES, ONSETS, VOWELS

Side = Literal["train", "held"]
Kind = Literal["person", "city", "good", "noun", "verb", "column", "group", "word", "file"]

MADE_UP = 0.4
"""How often a name is made up where a real one would do."""

_TRAIN_NAMES: Mapping[Kind, str] = {
    "person": """
        Anna Ben Clara David Emma Felix Gina Hugo Ivan Julia Karl Lena Maria Nora Oscar Paula Quinn
        Rosa Simon Tina Uma Victor Wendy Xenia Yara Zoe Adam Bella Chris Dora Eric Frida George
        Hannah Ida Jack Kate Liam Mona Nick Olivia Peter Rita Sam Tom Ursula Vera Will Alice Bob
        Carol Dan Eve Frank Grace Henry Iris John Kim Leo Mia Noah Omar Pia Ralph Sara Theo Lucy
        Max Nina Otto Ravi Sofia Tariq Amir Mei Chen Diego Elena Fatima""",
    "city": """
        Paris London Berlin Rome Madrid Vienna Prague Athens Cairo Tokyo Delhi Lima Boston Chicago
        Denver Miami Toronto Sydney Munich Hamburg Milan Naples Geneva Zurich Brussels Warsaw
        Helsinki Stockholm Moscow Istanbul Dubai Mumbai Beijing Shanghai Bangkok Jakarta Manila
        Lagos Accra Dakar Rabat Austin Seattle Dallas Houston Atlanta Montreal Vancouver Santiago
        Caracas Riga Vilnius Tallinn Malta Venice Turin Leeds Bristol""",
    "good": """
        apple banana book bottle box bread brush cable camera candle card chair clock coat cup desk
        door drill engine fan flute fork glove guitar hammer hat jacket key knife lamp laptop lens
        lock map mouse mug needle notebook oven paper pen pencil phone piano pillow plate printer
        radio ring rope ruler sack saw scarf screen shirt shoe soap sofa spoon stove table tent
        ticket toaster towel tray vase wallet watch wheel window wrench""",
    "noun": """
        price weight stock rate score cost level count height size length speed balance fee tax
        discount rating value total amount status distance delay demand volume age budget grade rent
        wage margin bonus credit points capacity rank share load quote""",
    "verb": """
        get fetch find look_up read compute load check calc show give ask request lookup measure
        search tell""",
    "column": """
        price amount score sales points weight height age cost quantity stock rating hours total
        salary income profit visits units length speed temperature budget grade minutes distance
        marks votes clicks orders""",
    "group": """
        city team region category color country month product department group type class store
        brand level day customer status""",
    "word": """
        banana elephant python rabbit window garden silver orange yellow planet river mountain
        kitchen library bicycle computer monkey giraffe butter sandwich teacher doctor winter summer
        forest ocean island castle dragon pirate rocket guitar flower chocolate keyboard language
        holiday morning breakfast diamond elevator football galaxy hospital internet jungle kangaroo
        lemonade medicine notebook octopus pineapple question rainbow strawberry telephone universe
        vacation waterfall xylophone yesterday zebra level radar civic noon hello world apple house
        coffee dinner market station energy history""",
    "file": """
        data sales report results scores orders people items prices notes log list table books
        students employees products weather expenses visits stock sample values records""",
}
TRAIN_NAMES: Mapping[str, Sequence[str]] = {
    kind: tuple(names.split()) for kind, names in _TRAIN_NAMES.items()
}

_HELD = tuple(HELD_SYLLABLES)
_TRAIN = tuple(a + b for a in ONSETS for b in VOWELS if a + b not in HELD_SYLLABLES)


class Names:
    """Draws names from the training side or the held-out side, and remembers them in `used`."""

    def __init__(self, rng: random.Random, side: Side) -> None:
        self._rng = rng
        self._syllables = _TRAIN if side == "train" else _HELD
        self._real = TRAIN_NAMES if side == "train" else HELD_NAMES
        self.used: list[str] = []

    def made_up(self, syllables: int = 0) -> str:
        """A word that nobody knows, in lower case, of two or three syllables unless told."""
        rng = self._rng
        parts = [
            rng.choice(self._syllables) + rng.choice(CODAS)
            for _ in range(syllables or rng.choice((2, 2, 3)))
        ]
        return self._noted("".join(parts))

    def draw(self, kind: Kind, *, made_up: float = MADE_UP) -> str:
        """A name of a kind; people and cities are capitalised."""
        if self._rng.random() < made_up:
            word = self.made_up()
            return word.capitalize() if kind in ("person", "city") else word
        return self._noted(self._rng.choice(self._real[kind]))

    def several(self, kind: Kind, count: int, *, made_up: float = MADE_UP) -> list[str]:
        """Different names of a kind."""
        found: dict[str, None] = {}
        while len(found) < count:
            found[self.draw(kind, made_up=made_up)] = None
        return list(found)

    def tool(self, noun: str = "") -> str:
        """A tool's name in one of many styles; with the noun where there is one."""
        rng = self._rng
        noun = noun or self.draw("noun")
        verb = self._noted(rng.choice(self._real["verb"]))
        word = self.made_up()
        styles = (
            f"{verb}_{noun}",
            f"{verb}_{noun}",
            f"{verb}_{word}",
            f"{word}_{noun}",
            f"{noun}_{word}",
            f"{verb}{noun.capitalize()}",
            f"{verb}{word.capitalize()}",
            f"{word}{noun.capitalize()}",
            word,
            f"{verb}_{word}_{noun}",
        )
        return rng.choice(styles)

    def _noted(self, name: str) -> str:
        self.used.append(name)
        return name
