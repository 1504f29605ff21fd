"""From a checkpoint to the files that ship: half-precision weights, tokenizer and card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from codeact.errors import DataError
from codeact.models.nano_prompt import CARD, NOT_A_MODEL, TOKENIZER, WEIGHTS
from codeact.tasks.families import held_out_hash
from codeact.train.nano import CHECKPOINT, Nano, Shape


def release(
    run: Path, tokenizer: Path, folder: Path, families: Sequence[str], facts: Mapping[str, Any]
) -> None:
    """Write the model of a run's checkpoint into `folder`. `families` are those that it learned, on
    which it will be measured; `facts` go into its card too.
    """
    record = torch.load(run / CHECKPOINT, map_location="cpu", weights_only=True)
    weights = {name: weight.to(torch.float16).numpy() for name, weight in record["net"].items()}
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / WEIGHTS, allow_pickle=False, **weights)
    if tokenizer != folder / TOKENIZER:
        shutil.copyfile(tokenizer, folder / TOKENIZER)
    card = {
        "shape": record["shape"],
        "parameters": sum(weight.size for weight in weights.values()),
        "tokens_seen": record["state"]["tokens"],
        "steps": record["state"]["step"],
        "families": sorted(families),
        "held_out": held_out_hash(families),
        **facts,
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def arrays(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The shape and the half-precision weights of a model. Raises DataError."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        with np.load(folder / WEIGHTS, allow_pickle=False) as file:
            return dict(card["shape"]), {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(NOT_A_MODEL.format(folder=folder, problem=error)) from error


def shape_of(folder: Path) -> Shape:
    """Raises DataError."""
    return Shape(**arrays(folder)[0])


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Weights in single precision, to train on. Raises DataError."""
    _, weights = arrays(folder)
    return {name: torch.from_numpy(each.astype(np.float32)) for name, each in weights.items()}


def load_released(folder: Path) -> Nano:
    """The network of a finished model in single precision. Raises DataError."""
    net = Nano(shape_of(folder))
    net.load_state_dict(read_weights(folder))
    return net
