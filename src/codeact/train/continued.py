"""A finished small model learns on from trajectories, by its own tokenizer and in its own shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from codeact.errors import DataError
from codeact.models.nano_prompt import CARD, TOKENIZER
from codeact.models.nano_tokens import Vocabulary
from codeact.train.curve import Progress
from codeact.train.nano import Settings, Training
from codeact.train.release import read_weights, release, shape_of
from codeact.train.tokens import example
from codeact.trajectory import Trajectory

RATE = 1e-3
"""Less than what a model from scratch bears: a finished one forgets at that rate."""


def learn_on(
    start: Path,
    trajectories: Sequence[Trajectory],
    folder: Path,
    *,
    tokens: int,
    seed: int = 1,
    threads: int = 0,
) -> Path:
    """The folder of the new model. A run that was stopped in `folder` goes on. Raises DataError,
    also where nothing fits the context.
    """
    vocabulary = Vocabulary.load(start / TOKENIZER)
    settings = Settings(tokens=tokens, rate=RATE, seed=seed, threads=threads)
    training = Training(folder, shape_of(start), settings, "cpu")
    if not training.resume():
        training.begin_with(read_weights(start))
    examples = [example(each, vocabulary) for each in trajectories]
    try:
        training.run(examples, vocabulary.pad, _silent)
    except ValueError as error:
        raise DataError(str(error)) from error
    card = json.loads((start / CARD).read_text(encoding="utf-8"))
    facts = {"held_out": card.get("held_out"), "learned_on": start.name}
    release(folder, start / TOKENIZER, folder / "model", tuple(card.get("families", ())), facts)
    return folder / "model"


def _silent(progress: Progress) -> None:
    """Rounds are told of as a whole."""
