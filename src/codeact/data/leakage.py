"""Which questions of a benchmark stand in training data: the overlap of runs of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codeact.data.conversations import Conversation

WORDS = 13
"""Words in a row that hardly two people write by chance; a usual choice."""
MOST = 0.5
"""From this share of its runs on a question counts as leaked."""

Runs = Mapping[tuple[str, ...], None]
"""A set that keeps its order, so that a report says the same each time."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """One question of a benchmark. `share` of its runs of words stand in the training data, most of
    them in the conversation `where`.
    """

    id: str
    share: float
    where: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`touched` are the questions with any overlap, the largest first; `n` counts all."""

    benchmark: str
    n: int
    touched: tuple[Overlap, ...]

    @property
    def leaked(self) -> int:
        return sum(each.share >= MOST for each in self.touched)


def leakage(
    conversations: Iterable[Conversation],
    benchmarks: Mapping[str, Sequence[tuple[str, str]]],
    *,
    words: int = WORDS,
) -> list[Report]:
    """The overlap of each benchmark's questions, given as ids and texts, with what is said in the
    conversations (system messages aside). A question of fewer words is looked for as a whole.
    """
    questions = {
        (name, id): _runs(_words(text), words)
        for name, found in benchmarks.items()
        for id, text in found
    }
    wanted: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for key, runs in questions.items():
        for run in runs:
            wanted.setdefault(run, []).append(key)
    lengths = sorted({len(run) for run in wanted})
    hits: dict[tuple[str, str], dict[tuple[str, ...], str]] = {}
    for each in conversations:
        said = _words(each.words)
        for length in lengths:
            for run in _runs(said, length) if len(said) >= length else ():
                for key in wanted.get(run, ()):
                    hits.setdefault(key, {}).setdefault(run, each.id)
    return [
        Report(
            benchmark=name,
            n=len(found),
            touched=_touched(name, [id for id, _ in found], questions, hits),
        )
        for name, found in benchmarks.items()
    ]


def _touched(
    name: str,
    ids: Sequence[str],
    questions: Mapping[tuple[str, str], Runs],
    hits: Mapping[tuple[str, str], Mapping[tuple[str, ...], str]],
) -> tuple[Overlap, ...]:
    found = []
    for id in ids:
        hit = hits.get((name, id))
        if hit:
            places = list(hit.values())
            where = max(dict.fromkeys(places), key=places.count)
            run = next(run for run, place in hit.items() if place == where)
            share = len(hit) / len(questions[name, id])
            found.append(Overlap(id=id, share=share, where=where, example=" ".join(run)))
    return tuple(sorted(found, key=lambda each: -each.share))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(said: Sequence[str], length: int) -> Runs:
    """All runs of so many words, or the whole where there are fewer; none of an empty text."""
    if not said:
        return {}
    length = min(length, len(said))
    return dict.fromkeys(tuple(said[n : n + length]) for n in range(len(said) - length + 1))
