"""Exercises in copying: what is to be written stands in what is read."""

from __future__ import annotations

import pytest

from codeact.models.nano_tokens import Vocabulary
from codeact.train.copying import exercises
from codeact.train.tokens import Example
from tests import tiny


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return Vocabulary.load(tiny.tokenizer(tmp_path_factory.mktemp("tokenizer")))


def parts(found: Example, vocabulary: Vocabulary) -> tuple[list[int], list[int]]:
    """What is read and what is learned."""
    at = found.mask.index(1)
    return list(found.ids[:at]), list(found.ids[at:])


def test_each_learned_token_was_read_but_for_the_fixed_words(vocabulary: Vocabulary) -> None:
    fixed = set(vocabulary.encode('<execute>\nprint("["", "])\n</execute>(,"]")"))'))
    fixed |= {vocabulary.end, *vocabulary.encode('["", ""]'), *vocabulary.encode("[1, 2]")}
    fixed |= {*vocabulary.encode('print(x("'), *vocabulary.encode('"))')}
    for found in exercises(vocabulary, 200, seed=1):
        read, learned = parts(found, vocabulary)
        assert set(learned) - set(read) <= fixed, vocabulary.decode(found.ids)


def test_the_same_seed_gives_the_same_exercises(vocabulary: Vocabulary) -> None:
    assert list(exercises(vocabulary, 20, 1)) == list(exercises(vocabulary, 20, 1))
    assert list(exercises(vocabulary, 20, 1)) != list(exercises(vocabulary, 20, 2))


def test_every_token_but_the_marks_is_copied_sooner_or_later(vocabulary: Vocabulary) -> None:
    learned: set[int] = set()
    for found in exercises(vocabulary, 2_000, seed=1):
        learned |= set(parts(found, vocabulary)[1])
    marks = {*vocabulary.marks.values(), vocabulary.pad}
    assert learned == set(range(vocabulary.size)) - marks


def test_an_exercise_ends_as_a_reply_does(vocabulary: Vocabulary) -> None:
    assert all(found.ids[-1] == vocabulary.end for found in exercises(vocabulary, 10, 1))
    assert all(found.mask[-1] == 1 for found in exercises(vocabulary, 10, 1))
