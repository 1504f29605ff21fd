"""A finished small model learns on: new weights, the same tokenizer and shape."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from codeact.errors import DataError
from codeact.models.nano_prompt import CARD, TOKENIZER, WEIGHTS
from codeact.train.continued import learn_on
from codeact.trajectory import Trajectory
from tests import tiny
from tests.train.test_tokens import acted, answered, lived

STEPS = [acted("print(1 + 2)", "3"), answered("The answer is 3.")]


@pytest.fixture(name="start")
def _start(tmp_path: Path) -> Path:
    torch.set_num_threads(1)
    return tiny.model(tmp_path / "start")


def lessons() -> list[Trajectory]:
    return [lived(*STEPS)] * 4


def test_weights_move_and_the_tokenizer_stays(start: Path, tmp_path: Path) -> None:
    model = learn_on(start, lessons(), tmp_path / "run", tokens=2_000, threads=1)
    assert (model / TOKENIZER).read_bytes() == (start / TOKENIZER).read_bytes()
    with np.load(start / WEIGHTS) as before, np.load(model / WEIGHTS) as after:
        assert set(before.files) == set(after.files)
        assert any((before[name] != after[name]).any() for name in before.files)


def test_the_card_keeps_what_was_held_out(start: Path, tmp_path: Path) -> None:
    model = learn_on(start, lessons(), tmp_path / "run", tokens=500, threads=1)
    before, after = (json.loads((each / CARD).read_text()) for each in (start, model))
    assert after["held_out"] == before["held_out"]
    assert after["shape"] == before["shape"]


def test_learning_on_makes_what_was_learned_likelier(start: Path, tmp_path: Path) -> None:
    learn_on(start, lessons(), tmp_path / "run", tokens=20_000, threads=1)
    lines = (tmp_path / "run" / "loss.csv").read_text().splitlines()
    place = lines[0].split(",").index("loss")
    first, last = (float(lines[n].split(",")[place]) for n in (1, -1))
    assert last < first - 1


def test_episodes_that_are_all_too_long_are_refused(start: Path, tmp_path: Path) -> None:
    long = lived(acted("print(1)\n" * 200, "1"))
    with pytest.raises(DataError, match="nothing to learn"):
        learn_on(start, [long], tmp_path / "run", tokens=500)
