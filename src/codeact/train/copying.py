"""Exercises in copying: random tokens that are to be written again, looked up or put into a list.

A small network learns late to copy what it was shown, and until then everything that it writes is
made up. These exercises hold nothing else to learn, and they hold every token alike: afterwards it
copies names that no task of training contains.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterator

from codeact.models.nano_tokens import Vocabulary
from codeact.train.tokens import Example

Ids = list[int]


def exercises(
    vocabulary: Vocabulary, count: int, seed: int, *, bare: bool = False
) -> Iterator[Example]:
    """`count` examples of some sixty tokens, the same for the same seed. `bare` ones are answered
    with nothing but what is copied, in no action's spelling.
    """
    maker = _Maker(vocabulary, random.Random(f"copying/{seed}"), bare)
    kinds: tuple[Callable[[], tuple[Ids, Ids, Ids]], ...] = (
        maker.repeated,
        maker.quoted,
        maker.called,
        maker.listed,
        maker.told,
    )
    for number in range(count):
        tools, asked, reply = kinds[number % len(kinds)]()
        marks = vocabulary.marks
        before = [marks["tools"], *tools] if tools else []
        before += [marks["user"], *asked, marks["assistant"]]
        after = [*reply, vocabulary.end]
        yield Example(array("H", before + after), bytes(len(before)) + b"\1" * len(after))


class _Maker:
    """Draws one exercise of each kind: the tools, what is asked, and the reply."""

    def __init__(self, vocabulary: Vocabulary, rng: random.Random, bare: bool) -> None:
        marks = {*vocabulary.marks.values(), vocabulary.end, vocabulary.pad}
        self._any = [token for token in range(vocabulary.size) if token not in marks]
        self._letters = [token for token in self._any if vocabulary.decode([token]).isalpha()]
        self._digits = [token for token in self._any if vocabulary.decode([token]).isdigit()]
        self._rng = rng
        self._bare = bare
        self._encode = vocabulary.encode

    def repeated(self) -> tuple[Ids, Ids, Ids]:
        found = [self._rng.choice(self._any) for _ in range(self._rng.randint(3, 24))]
        return [], found, found

    def quoted(self) -> tuple[Ids, Ids, Ids]:
        text = self._joined(self._rng.randint(1, 5), " ")
        asked = [*self._noise(), *self._encode(' "'), *text, *self._encode('" '), *self._noise()]
        return [], asked, self._acted('print("', text, '")')

    def called(self) -> tuple[Ids, Ids, Ids]:
        """The name of the tool whose description holds what is asked for."""
        names = [self._word() for _ in range(self._rng.randint(1, 4))]
        keys = [self._word() for _ in names]
        lines = [
            [*name, *self._encode("("), *self._word(), *self._encode(": str) -> int  # "), *key]
            for name, key in zip(names, keys, strict=True)
        ]
        place = self._rng.randrange(len(names))
        argument = self._word()
        asked = [*keys[place], *self._encode(" of "), *argument]
        opened, closed = (" ", "") if self._bare else ('("', '")')
        call = [*names[place], *self._encode(opened), *argument, *self._encode(closed)]
        return self._between(lines, "\n"), asked, self._acted("print(", call, ")")

    def listed(self) -> tuple[Ids, Ids, Ids]:
        count = self._rng.randint(2, 8)
        if self._rng.random() < 0.5:
            values = [self._number() for _ in range(count)]
            asked = self._between(values, self._rng.choice((", ", " ", " and ")))
            return [], [*self._noise(), *asked], self._acted("[", self._between(values, ", "), "]")
        words = [self._word() for _ in range(count)]
        asked = self._between(words, self._rng.choice((", ", " ", " and ")))
        by = ", " if self._bare else '", "'
        return [], asked, self._acted('["', self._between(words, by), '"]')

    def told(self) -> tuple[Ids, Ids, Ids]:
        """Of pairs of names and values the value that is asked for."""
        names = [self._word() for _ in range(self._rng.randint(2, 5))]
        values = [self._rng.choice((self._word, self._number))() for _ in names]
        pairs = [
            [*name, *self._encode(": "), *value] for name, value in zip(names, values, strict=True)
        ]
        place = self._rng.randrange(len(names))
        asked = [*self._between(pairs, "\n"), *self._encode("\n"), *names[place]]
        return [], asked, values[place]

    def _acted(self, before: str, inner: Ids, after: str) -> Ids:
        if self._bare:
            return inner
        return [
            *self._encode(f"<execute>\n{before}"),
            *inner,
            *self._encode(f"{after}\n</execute>"),
        ]

    def _word(self) -> Ids:
        return [self._rng.choice(self._letters) for _ in range(self._rng.randint(1, 4))]

    def _number(self) -> Ids:
        return [self._rng.choice(self._digits) for _ in range(self._rng.randint(1, 6))]

    def _noise(self) -> Ids:
        return self._joined(self._rng.randint(0, 4), " ")

    def _joined(self, count: int, by: str) -> Ids:
        return self._between([self._word() for _ in range(count)], by)

    def _between(self, parts: list[Ids], by: str) -> Ids:
        found: Ids = []
        for part in parts:
            found += [*(self._encode(by) if found else []), *part]
        return found
