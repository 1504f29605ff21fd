"""The network and its training: it learns, stops, resumes exactly, and numpy computes the same."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from codeact.errors import DataError
from codeact.models.nano_forward import load
from codeact.train.curve import Progress, draw
from codeact.train.nano import Nano, Settings, Shape, Training, batches, padded, rate_at
from codeact.train.release import load_released, read_weights, release
from codeact.train.tokens import Example
from tests import tiny

SMALL = Shape(vocabulary=40, width=16, layers=2, heads=2, hidden=24, context=32)
PAD = 0


def example(number: int) -> Example:
    """Copy a token: the mark 1, a token, the mark 2, and the token again, which is learned."""
    token, length = 3 + number % 30, 2 + number % 5
    ids = (1, *[token] * length, 2, *[token] * length)
    return Example(ids, (0,) * (length + 2) + (1,) * length)


EXAMPLES = [example(number) for number in range(60)]


def settings(tokens: int) -> Settings:
    return Settings(tokens=tokens, batch=128, rate=1e-2, threads=1)


def trained(folder: Path, tokens: int, *, stop_after: int | None = None) -> Training:
    told: list[Progress] = []
    training = Training(folder, SMALL, settings(tokens), "cpu")
    training.resume()
    steps = 0

    def stopped() -> bool:
        nonlocal steps
        steps += 1
        return stop_after is not None and steps > stop_after

    training.run(EXAMPLES, PAD, told.append, stopped)
    return training


def test_the_loss_falls_far_below_guessing(tmp_path: Path) -> None:
    training = trained(tmp_path, 12_000)
    ids, mask = padded(EXAMPLES, PAD, "cpu")
    with torch.no_grad():
        assert float(training.net.loss(ids, mask)) < 0.5  # guessing gives 3.4


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 6_000)
    trained(tmp_path / "parts", 6_000, stop_after=4)
    resumed = trained(tmp_path / "parts", 6_000)
    assert resumed.state.step == whole.state.step
    assert resumed.state.tokens == whole.state.tokens
    for name, weight in whole.net.state_dict().items():
        assert torch.equal(weight, resumed.net.state_dict()[name]), name


def test_a_stop_saves_what_was_done(tmp_path: Path) -> None:
    stopped = trained(tmp_path, 6_000, stop_after=4)
    again = Training(tmp_path, SMALL, settings(6_000), "cpu")
    assert again.resume()
    assert again.state.step == stopped.state.step > 0


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    trained(tmp_path, 500)
    wider = Shape(vocabulary=40, width=32, layers=2, heads=2, hidden=24, context=32)
    with pytest.raises(ValueError, match="another shape"):
        Training(tmp_path, wider, settings(500), "cpu").resume()


def test_the_curve_has_a_row_for_every_tenth_step_and_the_last(tmp_path: Path) -> None:
    training = trained(tmp_path, 4_000)
    with (tmp_path / "loss.csv").open(newline="", encoding="utf-8") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps[:2] == [10, 20]
    assert steps[-1] == training.state.step
    assert draw(tmp_path).stat().st_size > 1_000


def test_the_budget_bounds_the_tokens(tmp_path: Path) -> None:
    training = trained(tmp_path, 2_000)
    assert 2_000 <= training.state.tokens < 2_000 + 128


def test_each_example_comes_once_in_a_pass() -> None:
    found = [id(each) for group in batches(EXAMPLES, 128, seed=1) for each in group]
    assert sorted(found) == sorted(map(id, EXAMPLES))


def test_batches_stay_within_their_size_with_padding() -> None:
    for group in batches(EXAMPLES, 128, seed=2):
        ids, _ = padded(group, PAD, "cpu")
        assert ids.numel() <= 128


def test_padding_changes_no_loss() -> None:
    torch.manual_seed(0)
    net = Nano(SMALL)
    short, long = EXAMPLES[0], EXAMPLES[4]
    with torch.no_grad():
        alone = [float(net.loss(*padded([each], PAD, "cpu"))) for each in (short, long)]
        together = float(net.loss(*padded([short, long], PAD, "cpu")))
    weights = [sum(each.mask) for each in (short, long)]
    assert together == pytest.approx(np.average(alone, weights=weights), rel=1e-4)


def test_only_what_is_masked_in_counts_for_the_loss() -> None:
    torch.manual_seed(0)
    net = Nano(SMALL)
    ids, mask = padded([EXAMPLES[3]], PAD, "cpu")
    only_last = torch.zeros_like(mask)
    only_last[0, len(EXAMPLES[3].ids) - 1] = True
    with torch.no_grad():
        assert float(net.loss(ids, mask)) != pytest.approx(float(net.loss(ids, only_last)))


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    assert rate_at(0.0, 0, 1e6) < 0.01
    assert rate_at(0.4, 400_000, 1e6) == 1.0
    assert 0.0 < rate_at(0.9, 900_000, 1e6) < 0.5
    assert rate_at(1.0, 1_000_000, 1e6) == 0.0


def test_nothing_to_learn_is_an_error(tmp_path: Path) -> None:
    training = Training(tmp_path, SMALL, settings(500), "cpu")
    with pytest.raises(ValueError, match="nothing to learn"):
        training.run([Example((1, 2), (0, 0))], PAD, lambda progress: None)


def released(folder: Path) -> Path:
    """A trained network with the small tokenizer, as it ships."""
    shape = Shape(**tiny.SHAPE)  # type: ignore[arg-type]
    training = Training(folder, shape, settings(1_500), "cpu")
    training.run(EXAMPLES, PAD, lambda progress: None)
    release(folder, tiny.tokenizer(folder), folder / "model", ["echo"], {"device": "cpu"})
    return folder / "model"


def test_numpy_writes_the_same_greedy_tokens_as_torch(tmp_path: Path) -> None:
    folder = released(tmp_path)
    torch_net, numpy_net = load_released(folder), load(folder)
    for first in range(5, 25):
        ids = [1, first, first, 2]
        memory = numpy_net.begin()
        logits = numpy_net.read(ids, memory)
        for _ in range(20):
            with torch.no_grad():
                wanted = torch_net.logits(torch_net.states(torch.tensor([ids])))[0, -1].numpy()
            np.testing.assert_allclose(logits, wanted, rtol=1e-3, atol=1e-3)
            ids.append(int(wanted.argmax()))
            assert int(logits.argmax()) == ids[-1]
            logits = numpy_net.read(ids[-1:], memory)


def test_the_card_says_what_the_weights_are(tmp_path: Path) -> None:
    card = json.loads((released(tmp_path) / "card.json").read_text(encoding="utf-8"))
    assert card["tokens_seen"] >= 1_500
    assert card["parameters"] == sum(weight.size for weight in tiny.weights(0).values())
    assert card["families"] == ["echo"]
    assert card["held_out"]


def test_training_goes_on_from_released_weights(tmp_path: Path) -> None:
    folder = released(tmp_path / "first")
    again = Training(tmp_path / "second", Shape(**tiny.SHAPE), settings(500), "cpu")  # type: ignore[arg-type]
    again.begin_with(read_weights(folder))
    kept = again.net.state_dict()["model.embed_tokens.weight"]
    first = Training(tmp_path / "first", Shape(**tiny.SHAPE), settings(500), "cpu")  # type: ignore[arg-type]
    first.resume()
    wanted = first.net.state_dict()["model.embed_tokens.weight"].half().float()
    assert torch.equal(kept, wanted)


def test_a_folder_without_weights_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no model"):
        read_weights(tmp_path)
